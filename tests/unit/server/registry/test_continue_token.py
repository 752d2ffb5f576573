"""Continue tokens: opaque to clients, data from outside to us."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.errors import BadRequest
from edgeorch_server.registry.continue_token import LATEST, ContinueToken


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(
    st.integers(1, 2**63) | st.just(LATEST),
    st.text(st.characters(codec="ascii", exclude_characters="/"), max_size=20),
    st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
)
def test_a_token_reads_back(revision: int, namespace: str, name: str) -> None:
    """What was encoded is decoded."""
    token = ContinueToken(revision, namespace, name)
    assert ContinueToken.decode(token.encode()) == token


def test_a_token_fits_into_a_query() -> None:
    """A token needs no escaping in a URL."""
    text = ContinueToken(7, "default", "pod?&=+/").encode()
    assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "token",
    [
        "2",
        "not base64!",
        "\N{SNOWMAN}",
        encoded("text"),
        encoded({}),
        encoded({"v": "meta.k8s.io/v2", "rv": 1, "start": "a/b"}),
        encoded({"v": "meta.k8s.io/v1", "rv": 0, "start": "a/b"}),
        encoded({"v": "meta.k8s.io/v1", "rv": True, "start": "a/b"}),
        encoded({"v": "meta.k8s.io/v1", "rv": -2, "start": "a/b"}),
        encoded({"v": "meta.k8s.io/v1", "rv": 1, "start": "a"}),
        encoded({"v": "meta.k8s.io/v1", "rv": 1, "start": "a/"}),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
    ids=[
        "number",
        "no-base64",
        "no-ascii",
        "no-object",
        "no-members",
        "other-version",
        "revision-0",
        "revision-bool",
        "revision-negative",
        "no-separator",
        "no-name",
        "deep",
    ],
)
def test_a_bad_token_is_a_bad_request(token: str) -> None:
    """Whatever is wrong with a token, the answer is 400 (``continue key is not valid``)."""
    with pytest.raises(BadRequest, match="continue key is not valid"):
        ContinueToken.decode(token)


@given(st.text(max_size=60))
def test_any_text_is_a_token_or_a_bad_request(text: str) -> None:
    """No text makes decoding fail in any other way."""
    with contextlib.suppress(BadRequest):
        ContinueToken.decode(text)
