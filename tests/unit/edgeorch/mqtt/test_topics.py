"""Topics are written and read in one place, and nothing that is no topic gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.mqtt.filters import FilterMap, check, matches
from edgeorch.mqtt.topics import (
    CallTopic,
    ClusterTopic,
    DesiredTopic,
    NodeTopic,
    PodStatusTopic,
    ReplyTopic,
    StreamTopic,
    Topic,
    Topics,
    parse,
)

TABLE: list[tuple[Topic, str]] = [
    (NodeTopic("n1", "presence"), "nodes/n1/presence"),
    (PodStatusTopic("n1", "u1"), "nodes/n1/pods/u1/status"),
    (DesiredTopic("n1", "pods", "default", "web"), "nodes/n1/desired/pods/default/web"),
    (DesiredTopic("n1", "persistentvolumes", "", "v"), "nodes/n1/desired/persistentvolumes/_/v"),
    (ClusterTopic("services", "default", "web"), "cluster/services/default/web"),
    (ClusterTopic("nodes", "", "n1"), "cluster/nodes/_/n1"),
    (CallTopic("n1", "logs"), "nodes/n1/calls/logs"),
    (ReplyTopic("n1", "c1"), "nodes/n1/replies/c1"),
    (StreamTopic("n1", "s1", "up"), "nodes/n1/streams/s1/up"),
]


@pytest.mark.parametrize(("topic", "text"), TABLE, ids=str)
def test_there_and_back(topic: Topic, text: str) -> None:
    """Each kind of topic is written as documented and read again."""
    assert str(topic) == text
    assert parse(text) == topic
    assert Topics("a/b").parse(f"a/b/{text}") == topic
    assert Topics("a/b").name(topic) == f"a/b/{text}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nodes",
        "nodes/n1",
        "nodes/n1/unknown",
        "nodes//presence",
        "nodes/+/presence",
        "nodes/n1/presence/",
        "nodes/n1/pods/u1",
        "nodes/n1/desired/pods/web",
        "nodes/n1/streams/s1/sideways",
        "$SYS/broker",
        "cluster/services/default",
    ],
)
def test_no_topics(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="topic"):
        parse(text)


@pytest.mark.parametrize("name", ["", "a/b", "a+", "#", "a\0b", "$share"])
def test_names_that_cannot_stand_in_a_topic(name: str) -> None:
    """A name with a meaning in MQTT never reaches the wire."""
    for topic in (
        NodeTopic(name, "presence"),
        DesiredTopic("n1", "pods", "default", name),
        ReplyTopic("n1", name),
    ):
        with pytest.raises(ValueError, match="topic level"):
            Topics().name(topic)


def test_too_long() -> None:
    """MQTT's strings end at 65535 bytes."""
    with pytest.raises(ValueError, match="65535"):
        Topics().name(NodeTopic("n" * 65_535, "presence"))


def test_another_root() -> None:
    """A message of another cluster on the same broker is none of ours."""
    with pytest.raises(ValueError, match="not below"):
        Topics("a").parse("b/nodes/n1/presence")


@given(st.text(max_size=40))
def test_noise(text: str) -> None:
    """Whatever a topic looks like, parse gives a topic that is written the same, or ValueError."""
    try:
        topic = parse(text)
    except ValueError:
        return
    assert str(topic) == text


@pytest.mark.parametrize("pattern", ["", "a/#/b", "a#", "a+/b", "+a", "a\0"])
def test_no_filters(pattern: str) -> None:
    """Filters that MQTT5 4.7.1 forbids are refused before a broker ends the connection for them."""
    with pytest.raises(ValueError, match="no topic filter"):
        check(pattern)


def test_wildcards_do_not_match_system_topics() -> None:
    """MQTT5 4.7.2."""
    assert not matches("#", "$SYS/x")
    assert not matches("+/x", "$SYS/x")
    assert matches("$SYS/#", "$SYS/x")


def test_filter_map() -> None:
    """A topic finds the values of all its filters."""
    found: FilterMap[int] = FilterMap()
    found["a/+"] = 1
    found["a/#"] = 2
    found["b"] = 3
    assert found.find("a/x") == [1, 2]
    assert found.pop("a/#") == 2
    assert found.pop("a/#") is None
    assert found.find("a/x") == [1]
