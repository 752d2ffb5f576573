"""Signs approved certificate signing requests, and clears old ones away (``pkg/controller/certificates``).

One signer is served, ``kubernetes.io/kube-apiserver-client``: certificates for users. Its CA is one of its own,
which the broker does not trust: nodes get their certificates when they join, and from nobody else.
"""

from __future__ import annotations

import base64
import datetime as dt
import logging
from collections.abc import Callable

from edgeorch.api.certificates.resources import CERTIFICATE_SIGNING_REQUESTS
from edgeorch.api.certificates.signing_request import (
    APPROVED,
    DENIED,
    FAILED,
    KUBE_APISERVER_CLIENT,
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
    decided,
)
from edgeorch.api.certificates.validation import request_pem
from edgeorch.api.meta import DeleteOptions, Preconditions, format_time, parse_time
from edgeorch.errors import NotFound
from edgeorch.pki import MASTERS, Pair, PkiError, request_subject, sign_user_request
from edgeorch_server.controllers.runner import DONE, Key, Result, Source
from edgeorch_server.registry.base import Client

LIFETIME = dt.timedelta(days=365)
"""What a certificate is good for unless less is asked for (``--cluster-signing-duration``)."""

DECIDED_KEPT = dt.timedelta(hours=1)
"""How long a request is kept that was signed, denied, or cannot be signed."""
PENDING_KEPT = dt.timedelta(hours=24)
"""How long one is kept that nobody decides about, or nobody signs."""

SOURCES = (Source(CERTIFICATE_SIGNING_REQUESTS),)

_NEEDED, _ALLOWED = "client auth", frozenset({"client auth", "digital signature", "key encipherment"})

logger = logging.getLogger(__name__)


class SigningRequests:
    """Reconciles one request; ``now`` is aware."""

    def __init__(self, client: Client, ca: Pair, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._ca = ca
        self._now = now

    async def reconcile(self, key: Key) -> Result:
        """Sign it if it is time for that, and remove it when nobody needs it any more."""
        try:
            request = self._client.get(CERTIFICATE_SIGNING_REQUESTS, "", key.name)
        except NotFound:
            return DONE
        if request.metadata.deletionTimestamp:
            return DONE
        left = self._kept_until(request) - self._now()
        if left <= dt.timedelta(0):
            delete = DeleteOptions(preconditions=Preconditions(uid=request.metadata.uid))
            await self._client.delete(CERTIFICATE_SIGNING_REQUESTS, "", key.name, delete)
            return DONE
        if _waits_for_us(request):
            self._sign(request)
            await self._client.update_status(CERTIFICATE_SIGNING_REQUESTS, request)
            return DONE
        return Result(requeue_after=left.total_seconds())

    def _sign(self, request: CertificateSigningRequest) -> None:
        """Put the certificate into the request, or why there is none."""
        spec, lifetime = request.spec, LIFETIME
        if spec.expirationSeconds is not None:
            lifetime = min(lifetime, dt.timedelta(seconds=spec.expirationSeconds))
        try:
            check_permitted(request)
            encipherment = "key encipherment" in spec.usages
            certificate = sign_user_request(
                self._ca, request_pem(request), self._now(), lifetime, encipherment=encipherment
            )
        except PkiError as exc:
            logger.warning("certificate signing request %s cannot be signed: %s", request.metadata.name, exc)
            now = format_time(self._now())
            request.status.conditions.append(
                CertificateSigningRequestCondition(
                    type=FAILED,
                    status="True",
                    reason="SignerValidationFailure",
                    message=str(exc),
                    lastUpdateTime=now,
                    lastTransitionTime=now,
                )
            )
            return
        request.status.certificate = base64.b64encode(certificate).decode()

    def _kept_until(self, request: CertificateSigningRequest) -> dt.datetime:
        """Say when it goes (``pkg/controller/certificates/cleaner``)."""
        conditions = {condition.type: condition for condition in request.status.conditions}
        last = conditions.get(DENIED) or conditions.get(FAILED)
        if last is None and request.status.certificate:
            last = conditions.get(APPROVED)
        kept, since = (DECIDED_KEPT, last.lastUpdateTime) if last else (PENDING_KEPT, None)
        since = since or request.metadata.creationTimestamp
        return (parse_time(since) if since else self._now()) + kept


def check_permitted(request: CertificateSigningRequest) -> None:
    """Check what this signer signs (``ValidateClientRequest``); raises PkiError."""
    usages = set(request.spec.usages)
    if _NEEDED not in usages or not usages <= _ALLOWED:
        raise PkiError(f"usages must be {sorted(_ALLOWED)}, with {_NEEDED!r} among them")
    if MASTERS in request_subject(request_pem(request)).groups:
        raise PkiError(f"no certificate is signed for the group {MASTERS}")


def _waits_for_us(request: CertificateSigningRequest) -> bool:
    return (
        request.spec.signerName == KUBE_APISERVER_CLIENT
        and decided(request, APPROVED)
        and not decided(request, DENIED)
        and not decided(request, FAILED)
        and not request.status.certificate
    )
