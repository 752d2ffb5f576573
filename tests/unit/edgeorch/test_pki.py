"""The cluster's CA and what it signs."""

from __future__ import annotations

import datetime as dt
import errno
import os
import socket
import ssl
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from pytest_mock import MockerFixture

from edgeorch import pki
from edgeorch.pki import Pair, PkiError, PkiFolder, Subject

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


class Clock:
    """A wall clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture(scope="module")
def ca() -> Pair:
    return pki.create_ca(NOW)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path, clock: Clock) -> PkiFolder:
    return PkiFolder(tmp_path / "pki", clock)


def load(certificate: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate)


class TestCertificates:
    def test_a_ca_may_sign_certificates_but_no_further_ca(self, ca: Pair) -> None:
        """The CA's constraints allow leaf certificates only."""
        constraints = load(ca.certificate).extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (constraints.ca, constraints.path_length) == (True, 0)

    def test_everything_is_valid_for_boards_that_wake_up_in_the_past(self, ca: Pair) -> None:
        """A certificate is valid at least a day before it was made."""
        server = pki.create_server(ca, ["localhost"], NOW)
        client = pki.create_client(ca, Subject("x"), NOW)
        for certificate in (ca.certificate, server.certificate, client.certificate):
            assert load(certificate).not_valid_before_utc <= NOW - dt.timedelta(days=1)

    def test_a_server_certificate_names_hosts_and_addresses(self, ca: Pair) -> None:
        """Names and IPv4 and IPv6 addresses become the SANs they are."""
        server = pki.create_server(ca, ["box.local", "127.0.0.1", "::1", "box.local"], NOW)
        assert pki.hosts_of(server.certificate) == {"box.local", "127.0.0.1", "::1"}

    def test_a_client_certificate_carries_user_and_groups(self, ca: Pair) -> None:
        """The common name is the user, each organisation one group."""
        client = pki.create_client(ca, Subject("jane", ("dev", "ops")), NOW)
        assert pki.subject_of(client.certificate) == Subject("jane", ("dev", "ops"))

    @pytest.mark.parametrize("hosts", [[], ["bücher"]], ids=["none", "not ascii"])
    def test_bad_hosts_are_a_users_mistake(self, ca: Pair, hosts: list[str]) -> None:
        """A host that cannot stand in a certificate is told in one line."""
        with pytest.raises(PkiError):
            pki.create_server(ca, hosts, NOW)

    def test_keys_do_not_show_up_in_a_repr(self, ca: Pair) -> None:
        """A pair that is logged by accident gives nothing away."""
        assert "PRIVATE" not in repr(ca)


class TestRequests:
    def test_a_request_is_signed_for_whom_it_is(self, ca: Pair) -> None:
        """Key on the device, certificate from the CA: they belong together."""
        key = pki.new_key()
        wanted = pki.node_subject("pi-1")
        certificate = pki.sign_request(ca, pki.create_request(key, wanted), wanted, NOW)
        assert pki.subject_of(certificate) == Subject("pi-1", ("system:nodes",))
        public = serialization.load_pem_private_key(key, None).public_key()
        assert load(certificate).public_key() == public
        load(certificate).verify_directly_issued_by(load(ca.certificate))

    @pytest.mark.parametrize(
        "asked",
        [
            Subject("pi-2", ("system:nodes",)),
            Subject("pi-1", ("system:masters",)),
            Subject("pi-1", ("system:nodes", "system:masters")),
            Subject("pi-1"),
            Subject("kubernetes-admin", ("system:masters",)),
        ],
        ids=["another node", "another group", "one group more", "no group", "the admin"],
    )
    def test_nobody_gets_a_certificate_for_somebody_else(self, ca: Pair, asked: Subject) -> None:
        """The request's subject must be exactly the expected one."""
        request = pki.create_request(pki.new_key(), asked)
        with pytest.raises(PkiError, match="expected"):
            pki.sign_request(ca, request, pki.node_subject("pi-1"), NOW)

    def test_a_second_common_name_is_refused(self, ca: Pair) -> None:
        """Two common names are no name: readers would disagree about which one counts."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
                x509.NameAttribute(NameOID.COMMON_NAME, "pi-1"),
                x509.NameAttribute(NameOID.COMMON_NAME, "admin"),
            ]
        )
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        with pytest.raises(PkiError):
            pki.sign_request(
                ca, request.public_bytes(serialization.Encoding.PEM), pki.node_subject("pi-1"), NOW
            )

    def test_what_a_request_asks_beyond_its_subject_is_not_granted(self, ca: Pair) -> None:
        """A request for CA rights and host names gets neither."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
                x509.NameAttribute(NameOID.COMMON_NAME, "pi-1"),
            ]
        )
        builder = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("api.local")]), critical=False)
        )
        request = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        signed = pki.sign_request(ca, request, pki.node_subject("pi-1"), NOW)
        assert pki.hosts_of(signed) == set()
        assert not load(signed).extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    def test_only_keys_of_our_kind_are_signed(self, ca: Pair) -> None:
        """An RSA request is refused: its weak forms are many."""
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pi-1")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        pem = request.public_bytes(serialization.Encoding.PEM)
        with pytest.raises(PkiError, match="P-256"):
            pki.sign_request(ca, pem, Subject("pi-1"), NOW)

    @pytest.mark.parametrize(
        "garbage", [b"", b"hello", b"\xff" * 100, b"-----BEGIN CERTIFICATE REQUEST-----\n"]
    )
    def test_garbage_is_refused_in_one_line(self, ca: Pair, garbage: bytes) -> None:
        """Whatever comes in, what comes out is a PkiError."""
        with pytest.raises(PkiError):
            pki.sign_request(ca, garbage, Subject("pi-1"), NOW)


class TestFingerprint:
    def test_is_kubeadms(self, ca: Pair) -> None:
        """``sha256:`` and 64 hex digits of the public key's DER form."""
        text = pki.fingerprint(ca.certificate)
        assert text.startswith("sha256:")
        assert len(text) == len("sha256:") + 64

    def test_tells_one_ca_from_another(self, ca: Pair) -> None:
        """Only the pinned CA matches, upper or lower case."""
        other = pki.create_ca(NOW)
        pinned = pki.fingerprint(ca.certificate)
        assert pki.matches_fingerprint(ca.certificate, pinned)
        assert pki.matches_fingerprint(ca.certificate, f" {pinned.upper().replace('SHA', 'sha')}\n")
        assert not pki.matches_fingerprint(other.certificate, pinned)


class TestFolder:
    def test_first_start_makes_what_is_missing(self, folder: PkiFolder) -> None:
        """CA, server and client certificates appear, keys readable by their owner only."""
        folder.ensure_server("apiserver", ["localhost"])
        folder.ensure_client("admin", Subject(pki.ADMIN, (pki.MASTERS,)))
        for name in ("ca", "apiserver", "admin"):
            assert stat.S_IMODE(folder.key(name).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.folder.stat().st_mode) == 0o700

    def test_a_second_start_changes_nothing(self, folder: PkiFolder) -> None:
        """Certificates that are good are kept."""
        first = (
            folder.ensure_ca(),
            folder.ensure_server("s", ["a", "::1"]),
            folder.ensure_client("c", Subject("x")),
        )
        again = (
            folder.ensure_ca(),
            folder.ensure_server("s", ["::1", "a"]),
            folder.ensure_client("c", Subject("x")),
        )
        assert first == again

    def test_new_hosts_make_a_new_server_certificate(self, folder: PkiFolder) -> None:
        """A box that got another address gets a certificate for it, from the same CA."""
        ca = folder.ensure_ca()
        old = folder.ensure_server("s", ["10.0.0.1"])
        new = folder.ensure_server("s", ["10.0.0.2"])
        assert old != new
        assert pki.hosts_of(new.certificate) == {"10.0.0.2"}
        assert folder.ensure_ca() == ca

    def test_fewer_hosts_change_nothing(self, folder: PkiFolder) -> None:
        """A bridge that is gone is no reason for a new certificate."""
        old = folder.ensure_server("s", ["10.0.0.1", "10.89.0.1"])
        assert folder.ensure_server("s", ["10.0.0.1"]) == old

    def test_a_full_disk_keeps_the_old_certificate(
        self, folder: PkiFolder, mocker: MockerFixture, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What cannot be made anew is used as it is, with a warning; key and certificate still belong together."""
        old = folder.ensure_server("s", ["10.0.0.1"])
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mocker.patch("edgeorch.files.os.fsync", side_effect=[None, full])
        assert folder.ensure_server("s", ["10.0.0.2"]) == old
        assert "No space left on device" in caplog.text
        mocker.stopall()
        assert folder.ensure_server("s", ["10.0.0.1"]) == old

    def test_a_pair_that_a_power_cut_mixed_up_is_made_anew(self, folder: PkiFolder) -> None:
        """A leaf's key that is not its certificate's is replaced: nobody else's identity hangs on it."""
        folder.ensure_client("c", Subject("x"))
        folder.key("c").write_bytes(pki.new_key())
        made = folder.ensure_client("c", Subject("x"))
        assert folder.ensure_client("c", Subject("x")) == made

    def test_certificates_are_renewed_before_they_end(self, folder: PkiFolder, clock: Clock) -> None:
        """Close to its end a certificate is made anew, the CA never."""
        ca, old = folder.ensure_ca(), folder.ensure_client("c", Subject("x"))
        clock.now += pki.LEAF_LIFETIME - pki.RENEW_BEFORE + dt.timedelta(days=1)
        assert folder.ensure_client("c", Subject("x")) != old
        assert folder.ensure_ca() == ca

    def test_what_was_made_with_a_clock_ahead_is_replaced(self, folder: PkiFolder, clock: Clock) -> None:
        """Nobody could use it before its time has come."""
        folder.ensure_ca()
        right = clock.now
        clock.now += dt.timedelta(days=1000)
        made = folder.ensure_client("c", Subject("x"))
        assert folder.ensure_client("c", Subject("x")) == made
        clock.now = right
        assert folder.ensure_client("c", Subject("x")) != made

    def test_nothing_is_replaced_by_a_box_that_has_no_time_yet(self, folder: PkiFolder, clock: Clock) -> None:
        """A board without a battery starts in 1970: what it made then would have ended long ago."""
        folder.ensure_ca()
        made = folder.ensure_client("c", Subject("x"))
        clock.now = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        assert folder.ensure_client("c", Subject("x")) == made

    @pytest.mark.parametrize("lost", ["ca.key", "ca.crt"])
    def test_half_a_ca_is_never_replaced(self, folder: PkiFolder, lost: str) -> None:
        """A lost half of the CA is the user's to restore: a new CA would lock out every node."""
        folder.ensure_ca()
        (folder.folder / lost).unlink()
        with pytest.raises(PkiError, match=f"{lost} is missing: restore"):
            folder.ensure_ca()

    def test_a_damaged_file_is_named(self, folder: PkiFolder) -> None:
        """What cannot be read is refused with its name, not overwritten."""
        folder.ensure_ca()
        folder.key("ca").write_bytes(b"garbage")
        with pytest.raises(PkiError, match="ca: this is no private key"):
            folder.ensure_ca()
        assert folder.key("ca").read_bytes() == b"garbage"

    def test_a_key_of_another_certificate_is_noticed(self, folder: PkiFolder) -> None:
        """A mixed-up pair is refused at start, not by each client."""
        folder.ensure_ca()
        folder.key("ca").write_bytes(pki.new_key())
        with pytest.raises(PkiError, match="does not belong to"):
            folder.ensure_ca()

    def test_certificates_of_another_ca_are_replaced(
        self, folder: PkiFolder, tmp_path: Path, clock: Clock
    ) -> None:
        """A certificate copied from another cluster is made anew."""
        other = PkiFolder(tmp_path / "other", clock).ensure_client("c", Subject("x"))
        folder.ensure_ca()
        folder.certificate("c").write_bytes(other.certificate)
        folder.key("c").write_bytes(other.key)
        assert folder.ensure_client("c", Subject("x")) != other


def handshake(folder: PkiFolder, server: str, client: str | None, host: str) -> dict[str, object]:
    """Do a real TLS handshake over a socket pair; gives what the server learns of its client."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder.certificate(server), folder.key(server))
    serving.load_verify_locations(folder.ca_certificate)
    serving.verify_mode = ssl.CERT_OPTIONAL
    asking = ssl.create_default_context(cafile=str(folder.ca_certificate))
    if client:
        asking.load_cert_chain(folder.certificate(client), folder.key(client))
    ours, theirs = socket.socketpair()
    result: dict[str, object] = {}

    def serve() -> None:
        try:
            with serving.wrap_socket(ours, server_side=True) as tls:
                tls.recv(1)
                result.update(tls.getpeercert() or {})
        except ssl.SSLError as exc:
            result["error"] = str(exc)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with asking.wrap_socket(theirs, server_hostname=host) as tls, suppress(ssl.SSLError):
            tls.sendall(b"x")  # a server that refuses us may have gone by now (TLS 1.3)
    finally:
        thread.join(10)
    return result


class TestHandshake:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
    def test_openssl_accepts_what_we_make(self, folder: PkiFolder, host: str) -> None:
        """A real TLS handshake with host name check succeeds and shows the client's name."""
        folder.ensure_server("s", ["localhost", "127.0.0.1", "::1"])
        folder.ensure_client("c", Subject("jane", ("ops",)))
        peer = handshake(folder, "s", "c", host)
        assert peer["subject"] == ((("organizationName", "ops"),), (("commonName", "jane"),))

    def test_a_server_certificate_is_no_client_certificate(self, folder: PkiFolder) -> None:
        """Whoever has the server's certificate cannot log in with it."""
        folder.ensure_server("s", ["localhost"])
        assert "unsuitable certificate purpose" in str(
            handshake(folder, "s", "s", "localhost").get("error", "")
        )
