"""The cluster's public key infrastructure: one CA, and the certificates it signs.

Pure functions on PEM bytes, and :class:`PkiFolder`, which keeps them in a folder. Keys are EC P-256, which a
board signs and checks in well under a millisecond. Every certificate is valid from a week before it is made,
because boards without a battery-backed clock wake up in the past.

A client certificate's common name is the user and its organisations are the groups, as in Kubernetes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import ipaddress
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgeorch.errors import UserError
from edgeorch.files import PRIVATE, NewFile, write_files

logger = logging.getLogger(__name__)

CA_NAME = "edgeorch-ca"
ADMIN = "kubernetes-admin"
MASTERS = "system:masters"
NODES = "system:nodes"
MQTT_SERVER = "system:edgeorch-server"
"""Common name with which the server itself connects to the broker."""

BACKDATED = dt.timedelta(days=7)
CA_LIFETIME = dt.timedelta(days=3650)
LEAF_LIFETIME = dt.timedelta(days=365)
NODE_LIFETIME = CA_LIFETIME
"""Nothing renews a node's certificate, and one that ran out would cut off a board nobody can reach."""
RENEW_BEFORE = dt.timedelta(days=90)
"""Certificates of our own that end sooner than this are made anew on start."""

_FINGERPRINT_PREFIX = "sha256:"


class PkiError(UserError):
    """A key, certificate or request that cannot be read, or does not say what it should."""


class MixedPairError(PkiError):
    """A key that is not the certificate's."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Pair(certificate, key)"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a client certificate is for."""

    name: str
    groups: tuple[str, ...] = ()


def new_key() -> bytes:
    """Make a private key (PKCS #8 PEM)."""
    return _key_pem(ec.generate_private_key(ec.SECP256R1()))


def create_ca(now: dt.datetime) -> Pair:
    """Make the cluster's CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _x509_name(Subject(CA_NAME))
    builder = _builder(name, name, key.public_key(), now, CA_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    return Pair(_certificate_pem(builder.sign(key, hashes.SHA256())), _key_pem(key))


def create_server(ca: Pair, hosts: Iterable[str], now: dt.datetime) -> Pair:
    """Make a server certificate for these host names and IP addresses; the first one is its common name."""
    names = list(dict.fromkeys(hosts))
    if not names:
        raise PkiError("a server certificate needs at least one host name or address")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _leaf_builder(ca, Subject(names[0][:64]), key.public_key(), now, ExtendedKeyUsageOID.SERVER_AUTH)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
    )
    return Pair(_signed(builder, ca), _key_pem(key))


def create_client(ca: Pair, subject: Subject, now: dt.datetime) -> Pair:
    """Make a client certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _leaf_builder(ca, subject, key.public_key(), now, ExtendedKeyUsageOID.CLIENT_AUTH)
    return Pair(_signed(builder, ca), _key_pem(key))


def create_request(key: bytes, subject: Subject) -> bytes:
    """Make a certificate signing request (PEM) on the device that has the key, which never leaves it."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_x509_name(subject))
    return builder.sign(_load_key(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def node_subject(node: str) -> Subject:
    """Who an agent is."""
    return Subject(node, (NODES,))


def sign_request(ca: Pair, request: bytes, expected: Subject, now: dt.datetime) -> bytes:
    """Sign a client certificate for whoever made the request (PEM).

    The request must be for exactly the expected subject, its signature must prove that its maker has the key,
    and the key must be a P-256 one; else raises :class:`PkiError`. Whatever else it asks for is not granted.
    """
    try:
        parsed = x509.load_pem_x509_csr(request)
        valid = parsed.is_signature_valid
        subject = _subject_of(parsed.subject)
        public = parsed.public_key()
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as exc:
        raise PkiError("the certificate signing request cannot be read") from exc
    if not valid:
        raise PkiError("the certificate signing request is not signed by its own key")
    if (subject.name, sorted(subject.groups)) != (expected.name, sorted(expected.groups)):
        raise PkiError(f"the certificate signing request is for {_told(subject)}, expected {_told(expected)}")
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise PkiError("the key of the certificate signing request must be EC P-256")
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    return _signed(_leaf_builder(ca, expected, public, now, usage, NODE_LIFETIME), ca)


def fingerprint(certificate: bytes) -> str:
    """Give ``sha256:<hex>`` of a certificate's public key (SPKI): what a join token pins.

    The same as kubeadm's ``--discovery-token-ca-cert-hash``; it outlives a renewal with the same key.
    """
    return _spki_fingerprint(_load_certificate(certificate).public_key())


def request_fingerprint(request: bytes) -> str:
    """Give ``sha256:<hex>`` of the public key of a signing request (PEM); raises :class:`PkiError`."""
    try:
        public = x509.load_pem_x509_csr(request).public_key()
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise PkiError("the certificate signing request cannot be read") from exc
    return _spki_fingerprint(public)


def matches_fingerprint(certificate: bytes, pinned: str) -> bool:
    """Say whether a certificate has the pinned public key."""
    return hmac.compare_digest(fingerprint(certificate).encode(), pinned.strip().lower().encode())


def subject_of(certificate: bytes) -> Subject:
    """Read whom a certificate is for."""
    return _subject_of(_load_certificate(certificate).subject)


def hosts_of(certificate: bytes) -> set[str]:
    """Read the names and addresses that a server certificate is good for."""
    try:
        extension = _load_certificate(certificate).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in extension.value}


def needs_renewal(certificate: bytes, ca: bytes, now: dt.datetime) -> bool:
    """Say whether a certificate ends soon, or was not signed by this CA."""
    loaded = _load_certificate(certificate)
    try:
        loaded.verify_directly_issued_by(_load_certificate(ca))
    except (ValueError, TypeError, InvalidSignature):
        return True
    return loaded.not_valid_after_utc - now < RENEW_BEFORE


class PkiFolder:
    """The cluster's keys and certificates in one folder; what is missing is made, the CA only ever once.

    ``now`` gives the wall clock, aware. Keys are readable by their owner only, and files are replaced as a
    whole or not at all.
    """

    def __init__(self, folder: Path, now: Callable[[], dt.datetime]) -> None:
        self.folder = folder
        self._now = now

    @property
    def ca_certificate(self) -> Path:
        """The CA's certificate: what clients and the broker verify with."""
        return self.folder / "ca.crt"

    def certificate(self, name: str) -> Path:
        """Where a certificate is."""
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        """Where its key is."""
        return self.folder / f"{name}.key"

    def ensure_ca(self) -> Pair:
        """Load the CA, or make it on the very first start.

        A folder with only half of it is refused: making a new CA would lock out every node and client.
        """
        have = [path.exists() for path in (self.certificate("ca"), self.key("ca"))]
        if all(have):
            return self._load("ca")
        if any(have):
            missing = self.key("ca") if have[0] else self.certificate("ca")
            raise PkiError(
                f"{missing} is missing: restore it from a backup, a new CA would lock out every node"
            )
        return self._store("ca", create_ca(self._now()))

    def ensure_server(self, name: str, hosts: Sequence[str]) -> Pair:
        """Load a server certificate, or make it when it is missing, ends soon or is not for all these hosts.

        One for more hosts will do: the addresses of bridges come and go.
        """
        ca = self.ensure_ca()
        wanted = {str(_general_name(host).value) for host in hosts}
        return self._ensure(
            name,
            good=lambda pair: hosts_of(pair.certificate) >= wanted and not self._stale(pair, ca),
            make=lambda: create_server(ca, hosts, self._now()),
        )

    def ensure_client(self, name: str, subject: Subject) -> Pair:
        """Load a client certificate, or make it when it is missing, ends soon or is for somebody else."""
        ca = self.ensure_ca()
        return self._ensure(
            name,
            good=lambda pair: subject_of(pair.certificate) == subject and not self._stale(pair, ca),
            make=lambda: create_client(ca, subject, self._now()),
        )

    def _ensure(self, name: str, good: Callable[[Pair], bool], make: Callable[[], Pair]) -> Pair:
        if not self._have(name):
            return self._store(name, make())
        try:
            old = self._load(name)
        except MixedPairError as exc:  # the power went between the two files
            logger.warning("making %s anew: %s", self.certificate(name), exc)
            return self._store(name, make())
        if good(old):
            return old
        try:
            return self._store(name, make())
        except PkiError as exc:  # a full disk, most likely: the old one serves most clients, none serves nobody
            logger.warning("going on with an old certificate %s: %s", self.certificate(name), exc)
            return old

    def _stale(self, pair: Pair, ca: Pair) -> bool:
        return needs_renewal(pair.certificate, ca.certificate, self._now())

    def _have(self, name: str) -> bool:
        return self.certificate(name).exists() and self.key(name).exists()

    def _load(self, name: str) -> Pair:
        try:
            pair = Pair(self.certificate(name).read_bytes(), self.key(name).read_bytes())
        except OSError as exc:
            raise PkiError(f"cannot read {exc.filename}: {exc.strerror}") from exc
        try:
            matching = _load_certificate(pair.certificate).public_key() == _load_key(pair.key).public_key()
        except PkiError as exc:
            raise PkiError(f"{self.folder / name}: {exc}") from exc
        if not matching:
            raise MixedPairError(f"{self.key(name)} does not belong to {self.certificate(name)}")
        return pair

    def _store(self, name: str, pair: Pair) -> Pair:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_files(
                NewFile(self.key(name), pair.key, PRIVATE), NewFile(self.certificate(name), pair.certificate)
            )
        except OSError as exc:
            raise PkiError(f"cannot write to {self.folder}: {exc.strerror}") from exc
        return pair


def _spki_fingerprint(public: CertificatePublicKeyTypes) -> str:
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _FINGERPRINT_PREFIX + hashlib.sha256(spki).hexdigest()


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
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
    public: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    usage: x509.ObjectIdentifier,
    lifetime: dt.timedelta = LEAF_LIFETIME,
) -> x509.CertificateBuilder:
    issuer = _load_certificate(ca.certificate)
    key_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(_x509_name(subject), issuer.subject, public, now, lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_identifier), critical=False
        )
    )


def _signed(builder: x509.CertificateBuilder, ca: Pair) -> bytes:
    return _certificate_pem(builder.sign(_load_key(ca.key), hashes.SHA256()))


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _x509_name(subject: Subject) -> x509.Name:
    try:
        return x509.Name(
            [
                *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in subject.groups),
                x509.NameAttribute(NameOID.COMMON_NAME, subject.name),
            ]
        )
    except ValueError as exc:
        raise PkiError(f"{subject.name!r} cannot be the name of a certificate: {exc}") from exc


def _subject_of(name: x509.Name) -> Subject:
    common = [str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = [str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return Subject(common[0] if len(common) == 1 else "", tuple(groups))


def _told(subject: Subject) -> str:
    return f"{subject.name!r} in {list(subject.groups)}"


def _general_name(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as exc:
        raise PkiError(f"{host!r} is neither a host name nor an IP address") from exc


def _load_certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as exc:
        raise PkiError("this is no certificate in PEM form") from exc


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise PkiError("this is no private key in PEM form") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise PkiError("the private key must be an EC key")
    return key


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
