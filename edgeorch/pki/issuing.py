"""Keys and certificates, made and signed. Pure functions on PEM bytes, but for the random numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from edgeorch.pki.encoding import (
    certificate_pem,
    general_name,
    key_pem,
    load_certificate,
    load_key,
    load_request,
    subject_in,
    x509_name,
)
from edgeorch.pki.model import Pair, PkiError, Subject

CA_NAME = "edgeorch-ca"

BACKDATED = dt.timedelta(days=7)
CA_LIFETIME = dt.timedelta(days=3650)
LEAF_LIFETIME = dt.timedelta(days=365)
NODE_LIFETIME = CA_LIFETIME
"""Nothing renews a node's certificate, and one that ran out would cut off a board nobody can reach."""


def new_key() -> bytes:
    """Make a private key (PKCS #8 PEM)."""
    return key_pem(ec.generate_private_key(ec.SECP256R1()))


def create_ca(now: dt.datetime, common_name: str = CA_NAME) -> Pair:
    """Make a CA, by default the cluster's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509_name(Subject(common_name))
    builder = _builder(name, name, key.public_key(), now, CA_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    return Pair(certificate_pem(builder.sign(key, hashes.SHA256())), key_pem(key))


def create_server(ca: Pair, hosts: Iterable[str], now: dt.datetime) -> Pair:
    """Make a server certificate for these host names and IP addresses; the first one is its common name."""
    names = list(dict.fromkeys(hosts))
    if not names:
        raise PkiError("a server certificate needs at least one host name or address")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _leaf_builder(ca, Subject(names[0][:64]), key.public_key(), now, ExtendedKeyUsageOID.SERVER_AUTH)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False
    )
    return Pair(_signed(builder, ca), key_pem(key))


def create_client(ca: Pair, subject: Subject, now: dt.datetime) -> Pair:
    """Make a client certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _leaf_builder(ca, subject, key.public_key(), now, ExtendedKeyUsageOID.CLIENT_AUTH)
    return Pair(_signed(builder, ca), key_pem(key))


def create_request(key: bytes, subject: Subject) -> bytes:
    """Make a certificate signing request (PEM) on the device that has the key, which never leaves it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509_name(subject))
    return builder.sign(load_key(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def sign_request(ca: Pair, request: bytes, expected: Subject, now: dt.datetime) -> bytes:
    """Sign a client certificate for whoever made the request (PEM).

    The request must be for exactly the expected subject, its signature must prove that its maker has the key,
    and the key must be a P-256 one; else raises :class:`PkiError`. Whatever else it asks for is not granted.
    """
    parsed = load_request(request)
    subject = subject_in(parsed.subject)
    if (subject.name, sorted(subject.groups)) != (expected.name, sorted(expected.groups)):
        raise PkiError(f"the certificate signing request is for {_told(subject)}, expected {_told(expected)}")
    public = parsed.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise PkiError("the key of the certificate signing request must be EC P-256")
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    return _signed(_leaf_builder(ca, expected, public, now, usage, NODE_LIFETIME), ca)


def sign_user_request(
    ca: Pair, request: bytes, now: dt.datetime, lifetime: dt.timedelta, *, encipherment: bool = False
) -> bytes:
    """Sign a client certificate for the user and the groups that a request (PEM) names.

    Its signature must prove that its maker has the key, which may be of any kind; raises :class:`PkiError`.
    ``encipherment`` is the usage of that name, for clients with RSA keys.
    """
    parsed = load_request(request)
    subject = subject_in(parsed.subject)
    if not subject.name:
        raise PkiError("the certificate signing request names no user: its common name is empty")
    ends = min(now + lifetime, load_certificate(ca.certificate).not_valid_after_utc)
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    try:
        builder = _leaf_builder(
            ca, subject, parsed.public_key(), now, usage, ends - now, encipherment=encipherment
        )
    except (TypeError, ValueError, UnsupportedAlgorithm) as exc:
        raise PkiError("the key of the certificate signing request cannot be used") from exc
    return _signed(builder, ca)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: CertificatePublicKeyTypes,
    now: dt.datetime,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _leaf_builder(
    ca: Pair,
    subject: Subject,
    public: CertificatePublicKeyTypes,
    now: dt.datetime,
    usage: x509.ObjectIdentifier,
    lifetime: dt.timedelta = LEAF_LIFETIME,
    *,
    encipherment: bool = False,
) -> x509.CertificateBuilder:
    issuer = load_certificate(ca.certificate)
    key_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(x509_name(subject), issuer.subject, public, now, lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False, encipherment=encipherment), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_identifier), critical=False
        )
    )


def _signed(builder: x509.CertificateBuilder, ca: Pair) -> bytes:
    return certificate_pem(builder.sign(load_key(ca.key), hashes.SHA256()))


def _key_usage(*, signs_certificates: bool, encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _told(subject: Subject) -> str:
    return f"{subject.name!r} in {list(subject.groups)}"
