"""The payloads of the wire besides Kubernetes objects: small, frozen, JSON, tolerant of unknown members.

Pod, ConfigMap, Secret, Node and Event travel as the API's own JSON. A pod's status travels in an envelope
(:class:`PodStatusReport`) that says which agent session wrote it and in which order.

``decode`` raises ValueError on anything malformed: the receiver counts and drops it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, get_type_hints

MAX_PAYLOAD = 4 * 1024 * 1024
"""Bytes; larger payloads are refused before they are decoded."""


@dataclass(frozen=True, slots=True)
class Payload:
    """Base: encodes its fields as one compact JSON object."""

    def encode(self) -> bytes:
        """Give compact JSON."""
        return json.dumps(dataclasses.asdict(self), separators=(",", ":")).encode()

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read JSON; unknown members are ignored, missing or wrongly typed ones raise ValueError."""
        if len(payload) > MAX_PAYLOAD:
            raise ValueError(f"payload of {len(payload)} bytes is over the limit of {MAX_PAYLOAD}")
        try:
            raw = json.loads(payload)
        except (ValueError, RecursionError) as exc:
            raise ValueError(f"payload is no JSON: {exc}") from exc
        if not isinstance(raw, dict):
            raise ValueError("payload is no JSON object")  # noqa: TRY004 (one error type for bad payloads)
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for item in dataclasses.fields(cls):
            if item.name not in raw:
                if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
                    raise ValueError(f"{cls.__name__} without {item.name!r}")
                continue
            values[item.name] = _checked(cls.__name__, item.name, hints[item.name], raw[item.name])
        return cls(**values)


def _checked(owner: str, name: str, hint: Any, value: Any) -> Any:
    if hint in (str, int, bool):
        if type(value) is not hint:
            raise ValueError(f"{owner}.{name} must be {hint.__name__}")
    elif not isinstance(value, dict):
        raise ValueError(f"{owner}.{name} must be an object")
    elif hint == Mapping[str, str] and not all(type(v) is str for v in value.values()):
        raise ValueError(f"{owner}.{name} must map strings to strings")
    return value


@dataclass(frozen=True, slots=True)
class Presence(Payload):
    """``nodes/{node}/presence``: retained, and the last will with ``online`` false."""

    online: bool
    session: str
    """Random, new at every start of the agent process."""
    version: str = ""
    """Version of the agent."""


@dataclass(frozen=True, slots=True)
class Heartbeat(Payload):
    """``nodes/{node}/heartbeat``: QoS 0, under 100 bytes."""

    s: str
    """The session."""
    n: int
    """Sequence number within the session, from 1."""
    d: str
    """Digest of the desired state the agent holds, 16 hex digits (:mod:`edgeorch.mqtt.digest`)."""


@dataclass(frozen=True, slots=True)
class PodStatusReport(Payload):
    """``nodes/{node}/pods/{uid}/status``: retained. Receivers keep the newest per (session, sequence)."""

    session: str
    sequence: int
    """Counts reports of the session over all pods, from 1."""
    namespace: str
    name: str
    status: Mapping[str, Any]
    """core/v1 PodStatus."""
    terminated: bool = False
    """The pod was being deleted and nothing of it runs any more: the server may remove the object."""


@dataclass(frozen=True, slots=True)
class Sync(Payload):
    """``nodes/{node}/sync``: the agent says what it holds; sent on connect and when asked by digest."""

    session: str
    holds: Mapping[str, str] = field(default_factory=dict)
    """``resource/namespace/name`` -> resourceVersion."""


@dataclass(frozen=True, slots=True)
class Synced(Payload):
    """``nodes/{node}/synced``: answers one Sync, after everything missing or newer was published again."""

    session: str
    """The session that asked; an answer to an earlier one is ignored."""
    drop: Mapping[str, str] = field(default_factory=dict)
    """What to forget: ``resource/namespace/name`` -> the resourceVersion that was reported."""
    digest: str = ""
    """Digest of everything the server wants this node to hold."""
