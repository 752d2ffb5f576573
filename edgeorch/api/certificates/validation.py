"""Validation of signing requests, as in Kubernetes' ``pkg/apis/certificates/validation``."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from edgeorch.api.certificates.signing_request import (
    APPROVED,
    DENIED,
    FAILED,
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
)
from edgeorch.api.meta_validation import validate_meta, validate_meta_update
from edgeorch.api.names import dns_subdomain_problems, path_segment_problems
from edgeorch.api.validation import FieldError, Path, bad, duplicate, forbidden, not_supported, required

MIN_SECONDS = 600
LEGACY_UNKNOWN = "kubernetes.io/legacy-unknown"

USAGES = tuple(
    sorted(
        (
            *("any", "cert sign", "client auth", "code signing", "content commitment", "crl sign"),
            *("data encipherment", "decipher only", "digital signature", "email protection"),
            *("encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement"),
            *("key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth"),
            *("signing", "timestamping"),
        )
    )
)

_SPEC = Path("spec")
_CONDITIONS = Path("status").child("conditions")
_TYPES = (APPROVED, DENIED, FAILED)
_SIGNER = re.compile(r"[^/]+/[^/]+")
_BEGIN = b"-----BEGIN CERTIFICATE REQUEST-----"


def request_pem(request: CertificateSigningRequest) -> bytes:
    """Give the request itself; empty where it cannot be decoded."""
    try:
        return base64.b64decode(request.spec.request)
    except (binascii.Error, ValueError):
        return b""


def validate_signing_request(request: CertificateSigningRequest) -> list[FieldError]:
    """Check a new request (``ValidateCertificateSigningRequestCreate``)."""
    errors = validate_meta(request.metadata, namespaced=False, name_rule=path_segment_problems)
    if not request_pem(request).lstrip().startswith(_BEGIN):
        why = "PEM block type must be CERTIFICATE REQUEST"
        errors.append(bad(_SPEC.child("request"), request.spec.request, why))
    errors += _validate_usages(request.spec.usages)
    errors += _validate_signer(request.spec.signerName)
    seconds = request.spec.expirationSeconds
    if seconds is not None and seconds < MIN_SECONDS:
        why = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(bad(_SPEC.child("expirationSeconds"), seconds, why))
    return errors + _validate_conditions(request.status.conditions)


def validate_signing_request_update(
    new: CertificateSigningRequest, old: CertificateSigningRequest
) -> list[FieldError]:
    """Check a changed request: what was asked for and what was decided has been put back before."""
    return validate_meta_update(new.metadata, old.metadata)


def validate_decisions(new: CertificateSigningRequest, old: CertificateSigningRequest) -> list[FieldError]:
    """Check a change of the status or the approval: decisions are for good (``validateCSRStatusUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata) + _validate_conditions(new.status.conditions)
    there = {condition.type for condition in new.status.conditions}
    for condition in old.status.conditions:
        if condition.type in _TYPES and condition.type not in there:
            why = f"updates may not remove a condition of type {_quoted(condition.type)}"
            errors.append(forbidden(_CONDITIONS, why))
    if old.status.certificate and new.status.certificate != old.status.certificate:
        path = Path("status").child("certificate")
        errors.append(forbidden(path, "updates may not modify existing certificate content"))
    return errors


def _validate_usages(usages: Sequence[str]) -> list[FieldError]:
    path = _SPEC.child("usages")
    errors: list[FieldError] = [] if usages else [required(path)]
    seen: set[str] = set()
    for number, usage in enumerate(usages):
        if usage in seen:
            errors.append(duplicate(path.at(number), usage))
        elif usage not in USAGES:
            errors.append(not_supported(path.at(number), usage, USAGES))
        seen.add(usage)
    return errors


def _validate_signer(name: str) -> list[FieldError]:
    path = _SPEC.child("signerName")
    if not name:
        return [required(path)]
    if name == LEGACY_UNKNOWN:
        return [bad(path, name, "the legacy signerName is not allowed via this API version")]
    domain = name.partition("/")[0]
    if not _SIGNER.fullmatch(name) or "." not in domain:
        why = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [bad(path, name, why)]
    return [bad(path, name, problem) for problem in dns_subdomain_problems(domain)]


def _validate_conditions(conditions: Sequence[CertificateSigningRequestCondition]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for number, condition in enumerate(conditions):
        path = _CONDITIONS.at(number)
        if not condition.type:
            errors.append(required(path.child("type")))
        if condition.type in _TYPES and condition.status != "True":
            errors.append(not_supported(path.child("status"), condition.status, ("True",)))
        if condition.type in seen:
            errors.append(duplicate(path.child("type"), condition.type))
        seen.add(condition.type)
    if {APPROVED, DENIED} <= seen:
        why = "Approved and Denied conditions are mutually exclusive"
        errors.append(bad(_CONDITIONS, sorted(seen), why))
    return errors


def _quoted(text: str) -> str:
    return f'"{text}"'
