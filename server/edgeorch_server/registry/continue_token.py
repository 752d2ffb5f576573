"""The opaque ``continue`` token of a list: where the next page starts, and as of which revision.

Base64 of compact JSON, with the members of Kubernetes' own token (``k8s.io/apiserver/pkg/storage``). A token
is data from outside: whatever is wrong with it is a BadRequest.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from edgeorch_server.registry import messages

_VERSION = "meta.k8s.io/v1"

LATEST = -1
"""In place of a revision: go on from what there is now, whatever the first page was as of."""


@dataclass(frozen=True, slots=True)
class ContinueToken:
    """The list goes on after the object with this key."""

    revision: int
    """What the first page was as of, or :data:`LATEST`."""
    namespace: str
    name: str

    def encode(self) -> str:
        """Write the token; URL-safe and without padding."""
        members = {"v": _VERSION, "rv": self.revision, "start": f"{self.namespace}/{self.name}"}
        text = json.dumps(members, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    @classmethod
    def decode(cls, token: str) -> ContinueToken:
        """Read a token; raises BadRequest."""
        try:
            padded = token.encode("ascii") + b"=" * (-len(token) % 4)
            members = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (ValueError, binascii.Error, RecursionError) as exc:
            raise messages.bad_continue("it is not base64 of JSON") from exc
        match members:
            case {"v": str(version), "rv": int(revision), "start": str(start)}:
                pass
            case _:
                raise messages.bad_continue("incorrect encoded members")
        if version != _VERSION:
            raise messages.bad_continue(f"server does not recognize this encoded version {version}")
        if isinstance(revision, bool) or (revision < 1 and revision != LATEST):
            raise messages.bad_continue(f"incorrect encoded start resourceVersion (version {_VERSION})")
        namespace, separator, name = start.partition("/")
        if not separator or not name:
            raise messages.bad_continue(f"encoded start key empty (version {_VERSION})")
        return cls(revision, namespace, name)
