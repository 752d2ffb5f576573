"""Log-ins for registries."""

from __future__ import annotations

import base64
import json

import pytest

from edgeorch_agent.pods.resolve.credentials import credentials, registry_of
from edgeorch_agent.pods.resolve.inputs import Inputs
from edgeorch_agent.runtime.base import Credentials
from tests.unit.agent.pods.builders import pod, secret

PULLER = pod(imagePullSecrets=[{"name": "gone"}, {"name": "first"}, {"name": "second"}])


def encoded(value: object) -> str:
    """Write JSON as a Secret holds it."""
    return base64.b64encode(json.dumps(value).encode()).decode()


def login(user: str) -> dict[str, str]:
    """Make an entry as ``docker login`` writes it."""
    return {"auth": base64.b64encode(f"{user}:pass:word".encode()).decode()}


def inputs(first: object, second: object | None = None) -> Inputs:
    """Make two pull secrets."""
    return Inputs(
        secrets={
            "first": secret("first", **{".dockerconfigjson": encoded({"auths": first})}),
            "second": secret("second", **{".dockerconfigjson": encoded({"auths": second or {}})}),
        }
    )


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("nginx", "docker.io"),
        ("library/nginx:1", "docker.io"),
        ("index.docker.io/library/nginx", "docker.io"),
        ("quay.io/app:1", "quay.io"),
        ("localhost/app", "localhost"),
        ("pi:5000/app@sha256:00", "pi:5000"),
    ],
)
def test_registry(image: str, registry: str) -> None:
    """The first part of a reference is a host if it looks like one."""
    assert registry_of(image) == registry


@pytest.mark.parametrize(
    ("key", "image", "found"),
    [
        ("quay.io", "quay.io/team/app:1", True),
        ("https://quay.io", "quay.io/team/app:1", True),
        ("https://index.docker.io/v1/", "nginx", True),
        ("quay.io/team", "quay.io/team/app:1", True),
        ("quay.io/team", "quay.io/teams/app:1", False),
        ("quay.io", "ghcr.io/app", False),
    ],
)
def test_matching(key: str, image: str, *, found: bool) -> None:
    """An entry is for a registry or for a path below it."""
    assert (credentials(PULLER, image, inputs({key: login("me")})) is not None) is found


def test_longest_match_wins() -> None:
    """The most specific entry is used, and passwords may hold colons."""
    given = inputs({"quay.io": login("all"), "quay.io/team": login("team")})
    assert credentials(PULLER, "quay.io/team/app", given) == Credentials("team", "pass:word")


def test_plain_fields() -> None:
    """Username and password may stand beside each other."""
    given = inputs({"quay.io": {"username": "me", "password": "secret"}})
    assert credentials(PULLER, "quay.io/app", given) == Credentials("me", "secret")


@pytest.mark.parametrize("damaged", ["x", ["x"], {"quay.io": "x"}, {"quay.io": {"auth": "%%%"}}, None])
def test_damaged_secret_is_passed_over(damaged: object) -> None:
    """A malformed secret does not hide the next one."""
    given = inputs(damaged, {"quay.io": login("second")})
    assert credentials(PULLER, "quay.io/app", given) == Credentials("second", "pass:word")


def test_no_secrets() -> None:
    """A pod without pull secrets pulls without a log-in."""
    assert credentials(pod(), "quay.io/app", Inputs()) is None
