"""Certificate signing requests: somebody asks, somebody approves, a signer signs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.base64_text import Base64
from edgeorch.api.meta import Int32, ListKeys, Model, Object, Time

GROUP = "certificates.k8s.io"

APPROVED = "Approved"
DENIED = "Denied"
FAILED = "Failed"
"""Types of conditions."""

KUBE_APISERVER_CLIENT = "kubernetes.io/kube-apiserver-client"
"""The one signer that is served here: nodes get theirs when they join."""


class CertificateSigningRequestSpec(Model):
    """What is asked for, and by whom."""

    request: Base64
    """The PKCS #10 request, PEM in base64."""
    signerName: str
    """Who is to sign it."""
    expirationSeconds: Int32 | None = None
    """For how long the certificate should be good, at least ten minutes; the signer may make it less."""
    usages: list[str] = Field(default_factory=list)
    """What the certificate is to be used for."""
    username: str = ""
    """Who asks; set by the server."""
    uid: str = ""
    """Their identity; set by the server."""
    groups: list[str] = Field(default_factory=list)
    """What they belong to; set by the server."""
    extra: dict[str, list[str]] = Field(default_factory=dict)
    """What else is known of them; set by the server."""


class CertificateSigningRequestCondition(Model):
    """What has been decided."""

    type: str
    """``Approved``, ``Denied`` or ``Failed``."""
    status: str
    """Always ``True`` for these three."""
    reason: str = ""
    """One word why."""
    message: str = ""
    """The same for people."""
    lastUpdateTime: Time | None = None
    """When it was last written."""
    lastTransitionTime: Time | None = None
    """When it was decided."""


class CertificateSigningRequestStatus(Model):
    """What came of it."""

    conditions: Annotated[list[CertificateSigningRequestCondition], ListKeys(("type",))] = Field(
        default_factory=list
    )
    """What has been decided; neither an approval nor a denial can be taken back."""
    certificate: Base64 = ""
    """The certificate, PEM in base64."""


def no_request() -> CertificateSigningRequestSpec:
    """Give the spec of a request that asks for nothing, which validation refuses."""
    return CertificateSigningRequestSpec(request="", signerName="")


class CertificateSigningRequest(Object):
    """Asks for a certificate."""

    spec: CertificateSigningRequestSpec = Field(default_factory=no_request)
    """What is asked for; cannot change."""
    status: CertificateSigningRequestStatus = Field(default_factory=CertificateSigningRequestStatus)
    """What came of it."""


def decided(request: CertificateSigningRequest, kind: str) -> bool:
    """Whether there is a condition of this type."""
    return any(condition.type == kind for condition in request.status.conditions)
