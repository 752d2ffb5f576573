import datetime as dt

import pytest

from edgeorch.join_token import JoinToken, TokenError

FINGERPRINT = "sha256:" + "ab" * 32


def test_a_token_survives_being_pasted() -> None:
    """What one command prints, the other reads, with the blanks a terminal may add."""
    token = JoinToken.create(FINGERPRINT)
    assert JoinToken.parse(f" {token}\n") == token
    assert token.fingerprint == FINGERPRINT


@pytest.mark.parametrize("text", ["", "abc", "abcdef.0123456789abcdef", "ABCDEF.0123456789abcdef." + "0" * 64])
def test_a_damaged_token_is_refused(text: str) -> None:
    """Half a token is no token, and the message says what to paste."""
    with pytest.raises(TokenError, match="paste the whole word"):
        JoinToken.parse(text)


def test_the_secret_stays_out_of_logs() -> None:
    """repr() of a token is safe to log."""
    token = JoinToken.create(FINGERPRINT)
    assert token.secret not in repr(token)


def test_the_stored_form_is_a_bootstrap_token() -> None:
    """Kubernetes, "Bootstrap Token Secret Format": name, type and data keys."""
    token = JoinToken("abcdef", "0123456789abcdef", FINGERPRINT)
    manifest = token.manifest(dt.datetime(2026, 5, 1, tzinfo=dt.UTC), "for the attic")
    assert manifest["metadata"] == {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
    assert manifest["type"] == "bootstrap.kubernetes.io/token"
    assert set(manifest["data"]) == {
        "token-id",
        "token-secret",
        "expiration",
        "usage-bootstrap-authentication",
        "description",
    }
