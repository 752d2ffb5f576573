"""What certificates and signing requests (PEM) say. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from edgeorch.pki.encoding import load_certificate, load_request, subject_in
from edgeorch.pki.model import PkiError, Subject

RENEW_BEFORE = dt.timedelta(days=90)
"""Certificates of our own that end sooner than this are made anew, while the server runs."""

_FINGERPRINT_PREFIX = "sha256:"


def fingerprint(certificate: bytes) -> str:
    """Give ``sha256:<hex>`` of a certificate's public key (SPKI): what a join token pins.

    The same as kubeadm's ``--discovery-token-ca-cert-hash``; it outlives a renewal with the same key.
    """
    return _spki_fingerprint(load_certificate(certificate).public_key())


def matches_fingerprint(certificate: bytes, pinned: str) -> bool:
    """Say whether a certificate has the pinned public key."""
    return hmac.compare_digest(fingerprint(certificate).encode(), pinned.strip().lower().encode())


def request_fingerprint(request: bytes) -> str:
    """Give ``sha256:<hex>`` of the public key of a signing request (PEM); raises :class:`PkiError`."""
    try:
        public = x509.load_pem_x509_csr(request).public_key()
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise PkiError("the certificate signing request cannot be read") from exc
    return _spki_fingerprint(public)


def request_subject(request: bytes) -> Subject:
    """Read whom a signing request (PEM) is for; raises :class:`PkiError`."""
    return subject_in(load_request(request).subject)


def subject_of(certificate: bytes) -> Subject:
    """Read whom a certificate is for."""
    return subject_in(load_certificate(certificate).subject)


def hosts_of(certificate: bytes) -> set[str]:
    """Read the names and addresses that a server certificate is good for."""
    try:
        extension = load_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in extension.value}


def needs_renewal(certificate: bytes, ca: bytes, now: dt.datetime) -> bool:
    """Say whether a certificate ends soon, was made with a clock ahead, or was not signed by this CA.

    A time before the CA's own is the clock of a box that does not know better yet: nothing is made with it.
    """
    loaded, issuer = load_certificate(certificate), load_certificate(ca)
    try:
        loaded.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return True
    if loaded.not_valid_before_utc > now >= issuer.not_valid_before_utc:
        return True
    return loaded.not_valid_after_utc - now < RENEW_BEFORE


def _spki_fingerprint(public: CertificatePublicKeyTypes) -> str:
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _FINGERPRINT_PREFIX + hashlib.sha256(spki).hexdigest()
