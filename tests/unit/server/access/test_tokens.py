"""Signed tokens: what makes one good, and what does not."""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.pki import new_key
from edgeorch_server.access.account_tokens import (
    ISSUER,
    Account,
    Named,
    Token,
    check_audience,
    check_time,
    new_secret_token,
    new_token,
    read_claims,
)
from edgeorch_server.access.jwt import MAX_TOKEN, Malformed, SigningKey, TokenError, unverified_claims

KEY = SigningKey.from_pem(new_key())
NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ROBOT = Account("shop", Named("robot", "u-1"), pod=Named("web", "u-2"), node=Named("pi-1", "u-3"))
GOOD = new_token(KEY, ROBOT, [ISSUER], NOW, HOUR)


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def rewritten(token: str, *, header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None) -> str:
    """Change what a token says and keep its signature."""
    first, second, signature = token.split(".")
    if header is not None:
        first = encode(json.dumps(header).encode())
    if claims is not None:
        second = encode(json.dumps({**unverified_claims(token), **claims}).encode())
    return f"{first}.{second}.{signature}"


def test_a_token_says_what_it_was_made_of() -> None:
    """Sign, verify, read."""
    token = read_claims(KEY.verify(GOOD))
    assert token == Token(
        ROBOT, (ISSUER,), token_id=token.token_id, not_before=NOW.timestamp(), expires=(NOW + HOUR).timestamp()
    )
    assert token.account.user == "system:serviceaccount:shop:robot"


def test_the_claims_are_kubernetes() -> None:
    """Clouds and vaults read them."""
    claims = KEY.verify(GOOD)
    assert claims.pop("jti")
    seconds = int(NOW.timestamp())
    assert claims == {
        "aud": ["https://kubernetes.default.svc.cluster.local"],
        "exp": seconds + 3600,
        "iat": seconds,
        "iss": "https://kubernetes.default.svc.cluster.local",
        "kubernetes.io": {
            "namespace": "shop",
            "serviceaccount": {"name": "robot", "uid": "u-1"},
            "pod": {"name": "web", "uid": "u-2"},
            "node": {"name": "pi-1", "uid": "u-3"},
        },
        "nbf": seconds,
        "sub": "system:serviceaccount:shop:robot",
    }


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(rewritten(GOOD, claims={"sub": "system:serviceaccount:shop:admin"}), id="another subject"),
        pytest.param(rewritten(GOOD, claims={"exp": 2**40}), id="another end"),
        pytest.param(rewritten(GOOD, header={"alg": "none", "kid": KEY.key_id}), id="no algorithm"),
        pytest.param(rewritten(GOOD, header={"alg": "HS256", "kid": KEY.key_id}), id="another algorithm"),
        pytest.param(rewritten(GOOD, header={"alg": "ES256"}), id="no key"),
        pytest.param(GOOD.rpartition(".")[0] + ".", id="no signature"),
        pytest.param(GOOD.rpartition(".")[0] + "." + encode(b"\0" * 64), id="zeros for a signature"),
        pytest.param(new_token(SigningKey.from_pem(new_key()), ROBOT, [ISSUER], NOW, HOUR), id="another key"),
    ],
)
def test_forgeries(forged: str) -> None:
    """Nothing but our own signature over exactly this counts."""
    with pytest.raises(TokenError):
        KEY.verify(forged)


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c", "..", "a" * (MAX_TOKEN + 1), GOOD + "=", GOOD + ".", f" {GOOD}", "ü.ü.ü"]
)
def test_what_is_no_token(text: str) -> None:
    """Somebody else's kind of credentials, or rubbish."""
    with pytest.raises(Malformed):
        unverified_claims(text)


@given(at=st.integers(0, len(GOOD) - 1), character=st.characters(codec="ascii"))
def test_no_character_can_be_changed(at: int, character: str) -> None:
    """Also not in the padding of the last one: a token has one form only."""
    changed = GOOD[:at] + character + GOOD[at + 1 :]
    if changed != GOOD:
        with pytest.raises(TokenError):
            KEY.verify(changed)


YEAR = dt.timedelta(days=365)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        pytest.param(NOW, "", id="new"),
        pytest.param(NOW + HOUR, "", id="old"),
        pytest.param(NOW + HOUR + dt.timedelta(minutes=2), "has expired", id="too old"),
        pytest.param(NOW - dt.timedelta(seconds=30), "", id="clock a little behind"),
        pytest.param(NOW - YEAR, "not valid yet", id="clock a year behind"),
        pytest.param(NOW + YEAR, "has expired", id="clock a year ahead"),
    ],
)
def test_time(now: dt.datetime, why: str) -> None:
    """Clocks may differ by a minute."""
    token = read_claims(KEY.verify(GOOD))
    if not why:
        check_time(token, now)
        return
    with pytest.raises(TokenError, match=why):
        check_time(token, now)


@pytest.mark.parametrize(
    ("said", "wanted", "good"),
    [
        ([ISSUER], (), True),
        (["vault"], (), False),
        (["vault"], ("vault",), True),
        (["vault", ISSUER], ("other", "vault"), True),
        ([ISSUER], ("vault",), False),
    ],
    ids=["for us", "for another", "another's", "for both", "ours at another"],
)
def test_audience(said: list[str], wanted: tuple[str, ...], *, good: bool) -> None:
    """A token handed to a vault must not open the API with it, nor the reverse."""
    token = read_claims(KEY.verify(new_token(KEY, ROBOT, said, NOW, HOUR)))
    if good:
        check_audience(token, wanted)
        return
    with pytest.raises(TokenError, match="is invalid for the target audiences"):
        check_audience(token, wanted)


def test_a_secrets_token_lasts_as_long_as_the_secret() -> None:
    """It has no end, and is for the API server only."""
    account = Account("shop", Named("robot", "u-1"))
    token = read_claims(KEY.verify(new_secret_token(KEY, account, "robots-token")))
    assert token.is_legacy
    check_time(token, NOW + 10 * YEAR)
    check_audience(token, ())
    assert token.account == replace(account, secret=Named("robots-token", ""))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iss": "https://elsewhere"},
        {"iss": ISSUER},
        {"iss": ISSUER, "aud": ISSUER, "exp": 1, "kubernetes.io": {}},
        {"iss": ISSUER, "aud": [ISSUER], "exp": 1, "kubernetes.io": {"namespace": "shop"}},
        {"iss": ["list"]},
        {"iss": "kubernetes/serviceaccount"},
    ],
    ids=["nothing", "elsewhere", "nobody", "text for a list", "no account", "odd issuer", "empty legacy"],
)
def test_claims_of_no_service_account(claims: dict[str, Any]) -> None:
    """A signature of ours alone makes no user."""
    with pytest.raises(TokenError):
        read_claims(KEY.verify(KEY.sign(claims)))


@pytest.mark.parametrize(
    "pem", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_is_told(pem: bytes) -> None:
    """The server says so on start, instead of refusing everyone later."""
    with pytest.raises(ValueError, match=r"key|PEM|load"):
        SigningKey.from_pem(pem)
