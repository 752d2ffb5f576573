"""Validation of requests for tokens, as in Kubernetes' ``pkg/apis/authentication/validation``."""

from __future__ import annotations

from edgeorch.api.authentication.reviews import DEFAULT_EXPIRATION, TokenRequest
from edgeorch.api.validation import FieldError, Path, bad

MIN_SECONDS = 600
MAX_SECONDS = 1 << 32

_SPEC = Path("spec")


def default_token_request(request: TokenRequest) -> None:
    """Ask for an hour unless something else is asked for (``SetDefaults_TokenRequestSpec``)."""
    if request.spec.expirationSeconds is None:
        request.spec.expirationSeconds = DEFAULT_EXPIRATION


def validate_token_request(request: TokenRequest) -> list[FieldError]:
    """Check how long the token is to be good for (``ValidateTokenRequest``)."""
    seconds, path = request.spec.expirationSeconds or 0, _SPEC.child("expirationSeconds")
    if seconds < MIN_SECONDS:
        return [bad(path, seconds, "may not specify a duration less than 10 minutes")]
    if seconds > MAX_SECONDS:
        return [bad(path, seconds, "may not specify a duration larger than 2^32 seconds")]
    return []
