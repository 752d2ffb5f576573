"""The keys and certificates of a cluster in one folder."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeorch.files import PRIVATE, NewFile, write_files
from edgeorch.pki.encoding import general_name, load_certificate, load_key
from edgeorch.pki.issuing import CA_NAME, create_ca, create_client, create_server, new_key
from edgeorch.pki.model import MixedPairError, Pair, PkiError, Subject
from edgeorch.pki.reading import hosts_of, needs_renewal, subject_of

logger = logging.getLogger(__name__)

USER_CA_NAME = "edgeorch-user-ca"


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
        return self._ensure_authority("ca", CA_NAME, "every node")

    @property
    def user_ca_certificate(self) -> Path:
        """The certificate of :meth:`ensure_user_ca`."""
        return self.certificate("user-ca")

    def ensure_user_ca(self) -> Pair:
        """Load the CA of those who got their certificate by a signing request, or make it on the first start.

        The API server trusts it and the broker does not, which lets in whoever has a certificate and takes them
        for the node of that name.
        """
        return self._ensure_authority("user-ca", USER_CA_NAME, "those it let in")

    def _ensure_authority(self, name: str, common_name: str, whom: str) -> Pair:
        have = [path.exists() for path in (self.certificate(name), self.key(name))]
        if all(have):
            return self._load(name)
        if any(have):
            missing = self.key(name) if have[0] else self.certificate(name)
            raise PkiError(f"{missing} is missing: restore it from a backup, a new CA would lock out {whom}")
        return self._store(name, create_ca(self._now(), common_name))

    def ensure_server(self, name: str, hosts: Sequence[str]) -> Pair:
        """Load a server certificate, or make it when it is missing, ends soon or is not for all these hosts.

        One for more hosts will do: the addresses of bridges come and go.
        """
        ca = self.ensure_ca()
        wanted = {str(general_name(host).value) for host in hosts}
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

    def ensure_signing_key(self, name: str) -> bytes:
        """Load a private key (PEM) that tokens are signed with, or make it on the first start."""
        path = self.key(name)
        try:
            if path.exists():
                return path.read_bytes()
            pem = new_key()
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_files(NewFile(path, pem, PRIVATE))
        except OSError as exc:
            raise PkiError(f"cannot use {path}: {exc.strerror}") from exc
        return pem

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
            matching = load_certificate(pair.certificate).public_key() == load_key(pair.key).public_key()
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
