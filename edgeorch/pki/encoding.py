"""PEM and X.509 names, read and written; what cannot be read is a :class:`PkiError` in one sentence."""

from __future__ import annotations

import ipaddress

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edgeorch.pki.model import PkiError, Subject


def load_certificate(pem: bytes) -> x509.Certificate:
    """Read a certificate; raises :class:`PkiError`."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as exc:
        raise PkiError("this is no certificate in PEM form") from exc


def load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read a private key; raises :class:`PkiError`, also for one that is not an EC key."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise PkiError("this is no private key in PEM form") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise PkiError("the private key must be an EC key")
    return key


def load_request(request: bytes) -> x509.CertificateSigningRequest:
    """Read a request that is signed by its own key."""
    try:
        parsed = x509.load_pem_x509_csr(request)
        valid = parsed.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as exc:
        raise PkiError("the certificate signing request cannot be read") from exc
    if not valid:
        raise PkiError("the certificate signing request is not signed by its own key")
    return parsed


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Write a certificate."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Write a private key (PKCS #8)."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def x509_name(subject: Subject) -> x509.Name:
    """Write a subject as X.509 has it; raises :class:`PkiError`."""
    try:
        return x509.Name(
            [
                *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in subject.groups),
                x509.NameAttribute(NameOID.COMMON_NAME, subject.name),
            ]
        )
    except ValueError as exc:
        raise PkiError(f"{subject.name!r} cannot be the name of a certificate: {exc}") from exc


def subject_in(name: x509.Name) -> Subject:
    """Read a subject; its name is empty unless there is exactly one."""
    common = [str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = [str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return Subject(common[0] if len(common) == 1 else "", tuple(groups))


def general_name(host: str) -> x509.DNSName | x509.IPAddress:
    """Write a host name or an address; raises :class:`PkiError`."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as exc:
        raise PkiError(f"{host!r} is neither a host name nor an IP address") from exc
