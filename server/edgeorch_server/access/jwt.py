"""Signed tokens: JSON Web Tokens (RFC 7519) with ECDSA on P-256 (``ES256``), and nothing else.

A verifier that knows one algorithm cannot be talked into another one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

ALGORITHM = "ES256"
MAX_TOKEN = 16 * 1024
"""Characters; ours have about a thousand."""

_BYTES = 32
"""Of each of the two numbers of a signature, and of each coordinate of a key."""
_SHA256 = ec.ECDSA(hashes.SHA256())

Claims = Mapping[str, Any]


class TokenError(ValueError):
    """A token that is not good; ``str(error)`` says why, for reviews and logs."""


class Malformed(TokenError):
    """No token of ours at all: it may be somebody else's kind of token."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key, and what the world may know of it."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    key_id: str
    """The hash of the public key, as in Kubernetes."""

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read a private key; raises ValueError."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (TypeError, UnsupportedAlgorithm) as exc:
            raise ValueError("this is no private key in PEM form") from exc
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("the key must be EC P-256")
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(key, _encode(hashlib.sha256(public).digest()))

    def jwk(self) -> dict[str, str]:
        """Give the public key as a JSON Web Key (RFC 7517)."""
        numbers = self.private.public_key().public_numbers()
        return {
            "use": "sig",
            "kty": "EC",
            "kid": self.key_id,
            "crv": "P-256",
            "alg": ALGORITHM,
            "x": _encode(numbers.x.to_bytes(_BYTES, "big")),
            "y": _encode(numbers.y.to_bytes(_BYTES, "big")),
        }

    def sign(self, claims: Claims) -> str:
        """Make a token."""
        header = {"alg": ALGORITHM, "kid": self.key_id}
        text = f"{_encode(orjson.dumps(header))}.{_encode(orjson.dumps(dict(claims)))}"
        first, second = decode_dss_signature(self.private.sign(text.encode(), _SHA256))
        return f"{text}.{_encode(first.to_bytes(_BYTES, 'big') + second.to_bytes(_BYTES, 'big'))}"

    def verify(self, token: str) -> dict[str, Any]:
        """Give the claims of a token of ours, which say themselves until when they hold.

        Raises Malformed for what is no token, TokenError for one that somebody else signed.
        """
        header, claims, text, signature = _parts(token)
        if header.get("alg") != ALGORITHM or header.get("kid") != self.key_id or "crit" in header:
            raise TokenError("the token was not signed by a key of this cluster")
        if len(signature) != 2 * _BYTES:
            raise TokenError("the token's signature is wrong")
        first, second = (int.from_bytes(half, "big") for half in (signature[:_BYTES], signature[_BYTES:]))
        try:
            self.private.public_key().verify(encode_dss_signature(first, second), text, _SHA256)
        except InvalidSignature as exc:
            raise TokenError("the token's signature is wrong") from exc
        return claims


def unverified_claims(token: str) -> dict[str, Any]:
    """Read what a token says without believing it; raises Malformed."""
    return _parts(token)[1]


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Give header, claims, what is signed, and the signature."""
    if len(token) > MAX_TOKEN:
        raise Malformed("this is no JSON Web Token")
    try:
        first, second, third = token.split(".")
        header, claims = orjson.loads(_decode(first)), orjson.loads(_decode(second))
        signature = _decode(third)
    except (ValueError, binascii.Error) as exc:
        raise Malformed("this is no JSON Web Token") from exc
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Malformed("this is no JSON Web Token")
    return header, claims, token.rpartition(".")[0].encode(), signature


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Decode strictly: each token has exactly one way to be written."""
    data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    if _encode(data) != text:
        raise ValueError("not the canonical encoding")
    return data
