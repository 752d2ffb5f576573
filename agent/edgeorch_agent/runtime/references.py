"""Image references: what a manifest may say and what it means.

The grammar is that of ``github.com/distribution/reference``; short names mean Docker Hub, as in Kubernetes
(Podman by itself would ask ``registries.conf``), and a missing tag means ``latest``.
"""

from __future__ import annotations

import re

from edgeorch_agent.runtime.base import InvalidImageName

_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_HOST}(?:\.{_HOST})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?"
)
_ID = re.compile(r"(?:sha256:)?(?P<id>[0-9a-f]{64})")
_LONGEST_NAME = 255


def image_id(text: str) -> str | None:
    """Give the bare image id when the text is one (64 hexadecimal digits, ``sha256:`` before them or not)."""
    match = _ID.fullmatch(text)
    return match["id"] if match else None


def qualified(text: str) -> str:
    """Give the full form of a reference: ``nginx`` is ``docker.io/library/nginx:latest``.

    The first part is a host only if it holds a dot or a colon or is ``localhost``; a tag beside a digest is
    dropped, since the digest decides. Raises :class:`InvalidImageName` in the kubelet's words.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise InvalidImageName(f'couldn\'t parse image name "{text}": {_complaint(text)}')
    domain, path = match["domain"] or "", match["path"]
    if domain and not (set(".:") & set(domain)) and domain != "localhost":
        if domain != domain.lower():
            raise InvalidImageName(f'couldn\'t parse image name "{text}": {_complaint(text)}')
        domain, path = "", f"{domain}/{path}"
    if domain in {"", "index.docker.io"}:
        domain = "docker.io"
    if domain == "docker.io" and "/" not in path:
        path = f"library/{path}"
    if len(domain) + 1 + len(path) > _LONGEST_NAME:
        raise InvalidImageName(
            f'couldn\'t parse image name "{text}": repository name must not be more than 255 characters'
        )
    end = f"@{match['digest']}" if match["digest"] else f":{match['tag'] or 'latest'}"
    return f"{domain}/{path}{end}"


def _complaint(text: str) -> str:
    if text != text.lower() and _REFERENCE.fullmatch(text.lower()):
        return "invalid reference format: repository name must be lowercase"
    return "invalid reference format"
