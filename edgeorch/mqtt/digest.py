"""The digest of a node's desired state: equal on both sides when, and practically only when, they agree.

The XOR of a 64-bit BLAKE2b hash per held object, so that both sides keep it up to date in constant time.
"""

from __future__ import annotations

import hashlib


def object_key(resource: str, namespace: str, name: str) -> str:
    """Give the key of an object in digests and sync messages: ``pods/default/web``."""
    return f"{resource}/{namespace}/{name}"


def object_hash(key: str, resource_version: str) -> int:
    """Hash one held object."""
    text = f"{key}\0{resource_version}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


class Digest:
    """Incremental digest: :meth:`toggle` adds an object, and takes it away when called again."""

    def __init__(self) -> None:
        self._value = 0

    def toggle(self, key: str, resource_version: str) -> None:
        """Add the object, or remove it if it is in."""
        self._value ^= object_hash(key, resource_version)

    def __str__(self) -> str:
        return f"{self._value:016x}"
