"""The control plane's own certificates: made when they are missing, made anew before they end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from edgeorch.errors import UserError
from edgeorch.pki import ADMIN, MASTERS, MQTT_SERVER, Pair, PkiFolder, Subject
from edgeorch_server.addresses import LOOPBACK, certificate_hosts

INTERVAL = 3600.0
"""Seconds between two looks at certificates that are good for months: one that was made while the clock was
wrong is of no use to anybody until it is replaced."""

logger = logging.getLogger(__name__)

Use = Callable[[], None]
"""Lets whoever uses a certificate load it again; raises UserError or OSError."""


class Certificates:
    """The four of them by name, in one folder, beside the CA's."""

    def __init__(self, pki: PkiFolder, api_names: tuple[str, ...]) -> None:
        self._pki = pki
        self._api_names = api_names
        self._made: dict[str, Pair] = {}

    def ensure(self) -> set[str]:
        """Make what is missing or ends soon, and name those that are not what they were last time.

        The API's is made anew too when the box has got another address. Raises PkiError.
        """
        pki = self._pki
        pki.ensure_ca()
        now = {
            "server": pki.ensure_server("server", certificate_hosts(self._api_names)),
            "broker": pki.ensure_server("broker", LOOPBACK),
            "mqtt": pki.ensure_client("mqtt", Subject(MQTT_SERVER)),
            "admin": self.admin(),
        }
        changed = {name for name, pair in now.items() if self._made.get(name) != pair}
        self._made = now
        return changed

    def admin(self) -> Pair:
        """Give what the admin's kubeconfig says."""
        return self._pki.ensure_client("admin", Subject(ADMIN, (MASTERS,)))

    async def keep(self, uses: Mapping[str, Use], interval: float = INTERVAL) -> None:
        """Look after them for ever; ``uses`` is by name. What cannot be done now is tried again next time."""
        pending: set[str] = set()
        while True:
            await asyncio.sleep(interval)
            try:
                pending |= self.ensure()
            except UserError as exc:
                logger.warning("cannot renew the certificates: %s", exc)
            for name in sorted(pending & uses.keys()):
                try:
                    uses[name]()
                except (UserError, OSError) as exc:
                    logger.warning("the new certificate %s is not in use yet: %s", name, exc)
                else:
                    logger.info("certificate %s was made anew", name)
                    pending.discard(name)
