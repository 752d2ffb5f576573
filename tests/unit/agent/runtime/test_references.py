"""What an image name in a manifest means."""

from __future__ import annotations

import pytest

from edgeorch_agent.runtime.base import InvalidImageName
from edgeorch_agent.runtime.references import image_id, qualified

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        pytest.param("nginx", "docker.io/library/nginx:latest", id="short name"),
        pytest.param("nginx:1.27", "docker.io/library/nginx:1.27", id="tag"),
        pytest.param("bitnami/nginx", "docker.io/bitnami/nginx:latest", id="organisation is no host"),
        pytest.param("docker.io/nginx", "docker.io/library/nginx:latest", id="library is implied"),
        pytest.param("index.docker.io/nginx", "docker.io/library/nginx:latest", id="old host of Docker Hub"),
        pytest.param("localhost/hello:1", "localhost/hello:1", id="localhost is a host"),
        pytest.param("box:5000/a/b", "box:5000/a/b:latest", id="a port makes a host"),
        pytest.param("quay.io/a__b/c-d.e", "quay.io/a__b/c-d.e:latest", id="separators"),
        pytest.param("[::1]:5000/a", "[::1]:5000/a:latest", id="IPv6 host"),
        pytest.param(f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}", id="digest"),
        pytest.param(f"nginx:1@{DIGEST}", f"docker.io/library/nginx@{DIGEST}", id="a digest beats a tag"),
        pytest.param("Host.example/a", "Host.example/a:latest", id="hosts may be upper case"),
    ],
)
def test_a_reference_is_completed(text: str, meaning: str) -> None:
    """Short names mean Docker Hub and a missing tag means latest, as in Kubernetes."""
    assert qualified(text) == meaning


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "invalid reference format", id="empty"),
        pytest.param("a b", "invalid reference format", id="blank"),
        pytest.param("nginx:", "invalid reference format", id="empty tag"),
        pytest.param("nginx:-x", "invalid reference format", id="bad tag"),
        pytest.param("nginx\n", "invalid reference format", id="line end"),
        pytest.param("http://a/b", "invalid reference format", id="URL"),
        pytest.param("a@sha256:12", "invalid reference format", id="short digest"),
        pytest.param("Nginx", "invalid reference format: repository name must be lowercase", id="upper case"),
        pytest.param(
            "Org/nginx", "invalid reference format: repository name must be lowercase", id="upper part"
        ),
        pytest.param("a/" + "b" * 250, "repository name must not be more than 255 characters", id="too long"),
    ],
)
def test_a_bad_reference_is_refused(text: str, complaint: str) -> None:
    """What cannot be parsed is InvalidImageName with the kubelet's words."""
    with pytest.raises(InvalidImageName) as caught:
        qualified(text)
    assert str(caught.value) == f'couldn\'t parse image name "{text}": {complaint}'


def test_an_id_is_no_name() -> None:
    """An image id is told from a name by its 64 hexadecimal digits."""
    assert image_id("sha256:" + "ab" * 32) == "ab" * 32
    assert image_id("ab" * 32) == "ab" * 32
    assert image_id("nginx") is None
