"""The payloads of the wire besides Kubernetes objects: small, frozen, JSON, tolerant of unknown members.

Pod, ConfigMap, Secret, Node and Event travel as the API's own JSON. A pod's status travels in an envelope
(:class:`PodStatusReport`) that says which agent session wrote it and in which order.

``decode`` raises ValueError on anything malformed: the receiver counts and drops it.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, cast, get_type_hints

MAX_PAYLOAD = 4 * 1024 * 1024
"""Bytes; larger payloads are refused before they are decoded."""


def load_object(payload: bytes) -> dict[str, Any]:
    """Read a payload that must be a JSON object; raises ValueError and nothing else.

    Strings with half a surrogate pair are refused too: JSON can spell them, UTF-8 cannot, and whoever encodes
    the object again would stumble.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"payload of {len(payload)} bytes is over the limit of {MAX_PAYLOAD}")
    try:
        raw = json.loads(payload)
        if b"\\u" in payload:
            json.dumps(raw, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"payload is no JSON: {exc}") from exc
    if not isinstance(raw, dict):
        raise ValueError("payload is no JSON object")  # noqa: TRY004 (one error type for bad payloads)
    return raw


@dataclass(frozen=True, slots=True)
class Payload:
    """Base: encodes its fields as one compact JSON object."""

    def to_dict(self) -> dict[str, Any]:
        """Give the fields; what they hold is shared, not copied."""
        return {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}

    def encode(self) -> bytes:
        """Give compact JSON."""
        return json.dumps(self.to_dict(), separators=(",", ":")).encode()

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read JSON; unknown members are ignored, missing or wrongly typed ones raise ValueError."""
        return cls.from_dict(load_object(payload))

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Read decoded JSON, as tolerant and as strict as :meth:`decode`."""
        values: dict[str, Any] = {}
        for name, hint, required in _fields(cast(Hashable, cls)):
            if name in raw:
                values[name] = _checked(cls.__name__, name, hint, raw[name])
            elif required:
                raise ValueError(f"{cls.__name__} without {name!r}")
        return cls(**values)


@functools.cache
def _fields(cls: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = get_type_hints(cls)
    return tuple(
        (
            item.name,
            hints[item.name],
            item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING,
        )
        for item in dataclasses.fields(cls)
    )


def _checked(owner: str, name: str, hint: Any, value: Any) -> Any:
    if hint == (int | None):
        if value is not None and type(value) is not int:
            raise ValueError(f"{owner}.{name} must be int or null")
    elif hint in (str, int, bool):
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
    """``nodes/{node}/sync``: the agent says what it holds, on connect and whenever a Synced does not agree."""

    session: str
    holds: Mapping[str, str] = field(default_factory=dict)
    """``resource/namespace/name`` -> version (:mod:`edgeorch.mqtt.desired_state`)."""


@dataclass(frozen=True, slots=True)
class Synced(Payload):
    """``nodes/{node}/synced``: answers one Sync, after everything missing or different was published again.

    One that nobody asked for, with nothing to drop, asks for a Sync: its digest will not agree.
    """

    session: str
    """The session that asked; an answer to an earlier one is ignored."""
    drop: Mapping[str, str] = field(default_factory=dict)
    """What to forget: ``resource/namespace/name`` -> the version that was reported."""
    digest: str = ""
    """Digest of everything the server wants this node to hold."""


@dataclass(frozen=True, slots=True)
class CallRequest(Payload):
    """``nodes/{node}/calls/{call}``: what is asked, with MQTT's response topic and correlation data."""

    args: Mapping[str, Any] = field(default_factory=dict)
    stream: str = ""
    """Id of the stream that goes with the call (:mod:`edgeorch.mqtt.streams`); empty for none."""


@dataclass(frozen=True, slots=True)
class CallReply(Payload):
    """``nodes/{node}/replies/{correlation}``: the one answer to a call."""

    result: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    """A meta/v1 Status; empty when the call was accepted."""


@dataclass(frozen=True, slots=True)
class LogsCall(Payload):
    """Arguments of ``calls/logs``; the log comes up the call's stream (core/v1 PodLogOptions)."""

    namespace: str
    name: str
    uid: str
    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since_seconds: int | None = None
    since_time: str = ""
    tail_lines: int | None = None
    limit_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class StatsReply(Payload):
    """Result of ``calls/stats``, which has no arguments: what a node and its pods use."""

    timestamp: str
    """When it was measured, by the node's own clock (meta/v1 MicroTime)."""
    window_ms: int
    """The milliseconds before that over which processor time was counted."""
    cpu: int
    """Of the whole node: billionths of a processor, all processors together."""
    memory: int
    """Of the whole node: bytes that are in use."""
    pods: Mapping[str, Any] = field(default_factory=dict)
    """Pod's uid -> container's name -> billionths of a processor, and bytes of its working set.

    A pod that could not be measured as a whole is not in it.
    """
