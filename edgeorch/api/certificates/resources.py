"""Resource table entries of certificates.k8s.io/v1."""

from __future__ import annotations

from edgeorch.api.certificates.signing_request import GROUP, CertificateSigningRequest
from edgeorch.api.resources import ResourceInfo, Subresource

_PART = ("get", "patch", "update")

CERTIFICATE_SIGNING_REQUESTS = ResourceInfo(
    group=GROUP,
    version="v1",
    kind="CertificateSigningRequest",
    plural="certificatesigningrequests",
    singular="certificatesigningrequest",
    model=CertificateSigningRequest,
    namespaced=False,
    short_names=("csr",),
    subresources=(Subresource("approval", _PART), Subresource("status", _PART)),
    field_labels={"spec.signerName": "spec.signerName"},
)
