"""What an image reference says about pulling it."""

from __future__ import annotations


def image_tag(reference: str) -> str:
    """Give the tag of an image reference, as Kubernetes' ``ParseImageName`` does.

    ``latest`` when there is neither tag nor digest, ``""`` when there is only a digest or no image at all.
    """
    name, at, _ = reference.partition("@")
    last = name.rpartition("/")[2]
    _, colon, tag = last.partition(":")
    if colon or at or not last:
        return tag
    return "latest"


def default_pull_policy(reference: str) -> str:
    """Give the ``imagePullPolicy`` of a container that names none: what moves is pulled again."""
    return "Always" if image_tag(reference) == "latest" else "IfNotPresent"
