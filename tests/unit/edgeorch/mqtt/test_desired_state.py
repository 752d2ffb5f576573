"""What an agent holds: newest wins, drops are final, garbage changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgeorch.mqtt.desired_state import MAX_TOMBSTONES, HeldState, read_desired
from edgeorch.mqtt.digest import object_hash
from edgeorch.mqtt.messages import Sync, Synced
from edgeorch.mqtt.topics import DesiredTopic

WEB = DesiredTopic("n1", "pods", "default", "web")
CONF = DesiredTopic("n1", "configmaps", "default", "conf")


def body(topic: DesiredTopic, revision: int, uid: str = "u1", **more: Any) -> bytes:
    meta = {"namespace": topic.namespace, "name": topic.name, "uid": uid, "resourceVersion": str(revision)}
    return json.dumps({"metadata": meta, **more}).encode()


def digest_of(*pairs: tuple[str, str]) -> str:
    value = 0
    for key, version in pairs:
        value ^= object_hash(key, version)
    return f"{value:016x}"


def test_a_new_object() -> None:
    """The first message of an object is a change, and shows in the digest with the version it brought."""
    state = HeldState()
    change = state.apply(WEB, body(WEB, 7), "abc")
    assert change is not None
    assert change.before is None
    assert change.after is not None
    assert (change.after.uid, change.after.version, change.after.revision) == ("u1", "abc", 7)
    assert state.digest == digest_of(("pods/default/web", "abc"))
    assert state.get("pods", "default", "web") is change.after


def test_without_a_version() -> None:
    """A message without the property counts with its resourceVersion."""
    state = HeldState()
    state.apply(CONF, body(CONF, 7))
    assert state.digest == digest_of(("configmaps/default/conf", "7"))


def test_newer_replaces_older() -> None:
    """A higher revision replaces the object and its place in the digest."""
    state = HeldState()
    state.apply(WEB, body(WEB, 7), "a")
    change = state.apply(WEB, body(WEB, 9), "b")
    assert change is not None
    assert change.before is not None
    assert change.before.version == "a"
    assert state.digest == digest_of(("pods/default/web", "b"))


@pytest.mark.parametrize(
    ("revision", "version", "uid"),
    [
        pytest.param(7, "a", "u1", id="repeated"),
        pytest.param(6, "old", "u1", id="late"),
        pytest.param(6, "old", "u0", id="late-from-a-deleted-namesake"),
        pytest.param(8, "a", "u1", id="newer-but-equal-in-what-matters"),
    ],
)
def test_what_changes_nothing(revision: int, version: str, uid: str) -> None:
    """Repeated, late and immaterial messages are no change, and the digest stays."""
    state = HeldState()
    state.apply(WEB, body(WEB, 7), "a")
    assert state.apply(WEB, body(WEB, revision, uid), version) is None
    assert state.digest == digest_of(("pods/default/web", "a"))


def test_immaterial_messages_move_the_revision_on() -> None:
    """After a newer message of the same version, one in between is late."""
    state = HeldState()
    state.apply(WEB, body(WEB, 7), "a")
    state.apply(WEB, body(WEB, 9), "a")
    assert state.apply(WEB, body(WEB, 8), "b") is None
    assert state.stale == 1


def test_a_namesake() -> None:
    """A pod deleted and created anew under its name is a change from one uid to another."""
    state = HeldState()
    state.apply(WEB, body(WEB, 7, "u1"), "a")
    change = state.apply(WEB, body(WEB, 9, "u2"), "b")
    assert change is not None
    assert change.before is not None
    assert change.after is not None
    assert (change.before.uid, change.after.uid) == ("u1", "u2")


def test_clearing() -> None:
    """An empty payload drops the object; once more changes nothing."""
    state = HeldState()
    state.apply(WEB, body(WEB, 7), "a")
    change = state.apply(WEB, b"")
    assert change is not None
    assert change.after is None
    assert change.before is not None
    assert state.apply(WEB, b"") is None
    assert state.digest == digest_of()
    assert len(state) == 0


def test_a_late_clearing() -> None:
    """Taking back an object as of some revision does not touch its namesake that was created after it."""
    state = HeldState()
    state.apply(WEB, body(WEB, 9, "u2"), "b")
    assert state.apply(WEB, b"", "8") is None
    assert state.stale == 1
    assert state.apply(WEB, b"", "9") is not None


def test_a_dropped_pod_never_comes_back() -> None:
    """Late messages of a pod that was dropped are ignored, even newer ones; its namesake is welcome."""
    state = HeldState()
    state.apply(WEB, body(WEB, 7, "u1"), "a")
    state.apply(WEB, b"")
    assert state.apply(WEB, body(WEB, 7, "u1"), "a") is None
    assert state.apply(WEB, body(WEB, 8, "u1"), "b") is None
    assert state.apply(WEB, body(WEB, 9, "u2"), "c") is not None


def test_a_dropped_config_map_may_come_back() -> None:
    """A ConfigMap is dropped when no pod needs it, and needed again unchanged by the next one."""
    state = HeldState()
    state.apply(CONF, body(CONF, 7))
    state.apply(CONF, b"")
    assert state.apply(CONF, body(CONF, 6)) is None
    assert state.apply(CONF, body(CONF, 7)) is not None


def test_tombstones_are_bounded() -> None:
    """What was dropped long ago is forgotten."""
    state = HeldState()
    for number in range(MAX_TOMBSTONES + 10):
        topic = DesiredTopic("n1", "pods", "default", f"p{number}")
        state.apply(topic, body(topic, 1, f"u{number}"))
        state.apply(topic, b"")
    assert len(state._tombstones) == MAX_TOMBSTONES


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"{", id="truncated"),
        pytest.param(b"\xff\xfe", id="no-utf8"),
        pytest.param(b"[]", id="no-object"),
        pytest.param(b"{}", id="no-metadata"),
        pytest.param(b'{"metadata": []}', id="metadata-no-object"),
        pytest.param(body(DesiredTopic("n1", "pods", "default", "other"), 7), id="another-name"),
        pytest.param(body(DesiredTopic("n1", "pods", "kube-system", "web"), 7), id="another-namespace"),
        pytest.param(body(WEB, 7, ""), id="no-uid"),
        pytest.param(body(WEB, 7).replace(b'"u1"', b"5"), id="uid-no-string"),
        pytest.param(body(WEB, 7).replace(b'"7"', b"7"), id="revision-no-string"),
        pytest.param(body(WEB, 7).replace(b'"7"', b'"7x"'), id="revision-no-number"),
        pytest.param(body(WEB, 7).replace(b'"7"', b'"-7"'), id="revision-negative"),
        pytest.param(body(WEB, 7).replace(b'"7"', b'"' + b"9" * 5000 + b'"'), id="revision-endless"),
        pytest.param(body(WEB, 7, note="\ud800"), id="half-a-surrogate"),
        pytest.param(b"[" * 100_000, id="nested"),
        pytest.param(b'{"a":"' + b"x" * 4_200_000 + b'"}', id="oversized"),
    ],
)
def test_garbage(payload: bytes) -> None:
    """What cannot be read raises ValueError and changes nothing."""
    state = HeldState()
    state.apply(WEB, body(WEB, 5), "a")
    with pytest.raises(ValueError, match=r"payload|object"):
        state.apply(WEB, payload, "b")
    assert state.digest == digest_of(("pods/default/web", "a"))


def test_from_a_checkpoint() -> None:
    """What was kept on disk counts as held."""
    held = read_desired(WEB, body(WEB, 7), "a")
    assert HeldState([held]).digest == digest_of(("pods/default/web", "a"))
    assert [*HeldState([held])] == [held]


class TestHandshake:
    def state(self) -> HeldState:
        state = HeldState()
        state.apply(WEB, body(WEB, 7), "a")
        state.apply(CONF, body(CONF, 8))
        return state

    def test_sync_says_what_is_held(self) -> None:
        """Key and version of everything."""
        sync = self.state().sync("s1")
        assert sync == Sync("s1", {"pods/default/web": "a", "configmaps/default/conf": "8"})

    def test_agreement(self) -> None:
        """When the digests agree nothing changes."""
        state = self.state()
        outcome = state.synced(Synced("s1", {}, state.digest), "s1")
        assert outcome is not None
        assert outcome.agreed
        assert outcome.changes == ()

    def test_drops(self) -> None:
        """What the server does not want is dropped."""
        state = self.state()
        answer = Synced("s1", {"pods/default/web": "a"}, digest_of(("configmaps/default/conf", "8")))
        outcome = state.synced(answer, "s1")
        assert outcome is not None
        assert outcome.agreed
        assert [change.before and change.before.name for change in outcome.changes] == ["web"]

    def test_drops_only_what_was_reported(self) -> None:
        """An object that changed since the Sync, or that is gone, is not touched by a late answer."""
        state = self.state()
        state.apply(WEB, body(WEB, 9), "b")
        outcome = state.synced(Synced("s1", {"pods/default/web": "a", "pods/default/x": "1"}, "?"), "s1")
        assert outcome is not None
        assert outcome.changes == ()

    def test_the_answer_to_an_earlier_session(self) -> None:
        """It is ignored: the agent was restarted since."""
        state = self.state()
        assert state.synced(Synced("s0", {"pods/default/web": "a"}, ""), "s1") is None
        assert len(state) == 2

    def test_a_restored_backup(self) -> None:
        """Two handshakes bring a server back in agreement whose revisions went back; no pod is dropped."""
        state = HeldState()
        state.apply(WEB, body(WEB, 800), "new")
        wanted = digest_of(("pods/default/web", "old"))
        assert state.apply(WEB, body(WEB, 500), "old") is None
        first = state.synced(Synced("s1", {}, wanted), "s1")
        assert first is not None
        assert not first.agreed
        change = state.apply(WEB, body(WEB, 500), "old")
        assert change is not None
        assert change.after is not None
        second = state.synced(Synced("s1", {}, wanted), "s1")
        assert second is not None
        assert second.agreed
