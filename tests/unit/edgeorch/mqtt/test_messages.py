"""Payloads: what is encoded is decoded again, and garbage is a ValueError whatever it looks like."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.mqtt.messages import (
    CallReply,
    CallRequest,
    Heartbeat,
    LogsCall,
    Payload,
    PodStatusReport,
    Presence,
    Sync,
    Synced,
)

EXAMPLES: list[Payload] = [
    Presence(online=True, session="s1", version="0.1"),
    Heartbeat("s1", 7, "0123456789abcdef"),
    PodStatusReport("s1", 3, "default", "web", {"phase": "Running", "containerStatuses": [{"name": "c"}]}),
    Sync("s1", {"pods/default/web": "7"}),
    Synced("s1", {"pods/default/web": "7"}, "0123456789abcdef"),
    CallRequest({"a": [1, None]}, "stream"),
    CallReply({}, {"code": 404}),
    LogsCall("default", "web", "u1", tail_lines=5, follow=True),
]


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: type(payload).__name__)
def test_there_and_back(payload: Payload) -> None:
    """Decoding gives what was encoded."""
    assert type(payload).decode(payload.encode()) == payload


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: type(payload).__name__)
def test_unknown_members_are_ignored(payload: Payload) -> None:
    """A newer peer may say more than we know."""
    raw = payload.to_dict() | {"fromTheFuture": {"x": 1}}
    assert type(payload).decode(json.dumps(raw).encode()) == payload


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: type(payload).__name__)
@pytest.mark.parametrize("wrong", [None, [], 5.5, [1]], ids=repr)
def test_wrong_types(payload: Payload, wrong: Any) -> None:
    """Every member is checked."""
    for item in dataclasses.fields(payload):
        if wrong is None and "None" in str(item.type):
            continue
        with pytest.raises(ValueError, match=item.name):
            type(payload).decode(json.dumps(payload.to_dict() | {item.name: wrong}).encode())


@pytest.mark.parametrize("payload", EXAMPLES, ids=lambda payload: type(payload).__name__)
def test_missing_members(payload: Payload) -> None:
    """Members without a default must be there."""
    for item in dataclasses.fields(payload):
        raw = payload.to_dict()
        del raw[item.name]
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            with pytest.raises(ValueError, match=f"without '{item.name}'"):
                type(payload).decode(json.dumps(raw).encode())
        else:
            type(payload).decode(json.dumps(raw).encode())


@given(st.binary(max_size=200))
def test_noise(data: bytes) -> None:
    """Bytes of any kind raise ValueError and nothing else."""
    for payload in EXAMPLES:
        try:
            type(payload).decode(data)
        except ValueError:
            continue


def test_a_heartbeat_is_small() -> None:
    """The design's promise: a heartbeat stays under 100 bytes, also after years."""
    assert len(Heartbeat("0123456789abcdef", 10_000_000_000, "0123456789abcdef").encode()) < 100


def test_maps_of_strings() -> None:
    """What a node claims to hold must be strings."""
    with pytest.raises(ValueError, match="strings"):
        Sync.decode(b'{"session": "s", "holds": {"a": 5}}')
