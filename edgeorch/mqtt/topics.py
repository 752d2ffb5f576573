"""Every topic of the wire, typed. ``str(topic)`` writes one, :func:`parse` reads one.

The root (``edgeorch/v1`` unless configured) is no part of a topic value: :class:`Topics` joins it. A topic's
meaning changes only with its root.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_ROOT = "edgeorch/v1"
NO_NAMESPACE = "_"
"""Stands for the namespace of cluster-scoped objects: MQTT has no good empty level, and no namespace can
have this name (RFC 1123 labels hold no underscore)."""
MAX_TOPIC_BYTES = 65_535
"""MQTT5 1.5.4: a UTF-8 string is at most this long."""


def level(text: str) -> str:
    """Check one topic level: raises ValueError for what MQTT5 4.7 forbids or gives a meaning to."""
    if not text or any(c in text for c in "+#/\0") or text.startswith("$"):
        raise ValueError(
            f"{text!r} cannot be a topic level: empty, or with one of + # / NUL, or beginning with $"
        )
    return text


@dataclass(frozen=True, slots=True)
class NodeTopic:
    """``nodes/{node}/{leaf}`` with leaf ``presence heartbeat node events sync synced``."""

    node: str
    leaf: str

    def __str__(self) -> str:
        return f"nodes/{level(self.node)}/{level(self.leaf)}"


@dataclass(frozen=True, slots=True)
class PodStatusTopic:
    """``nodes/{node}/pods/{uid}/status``: retained PodStatus, cleared once the pod is gone."""

    node: str
    uid: str

    def __str__(self) -> str:
        return f"nodes/{level(self.node)}/pods/{level(self.uid)}/status"


@dataclass(frozen=True, slots=True)
class DesiredTopic:
    """``nodes/{node}/desired/{resource}/{namespace}/{name}``: retained, empty payload clears."""

    node: str
    resource: str
    namespace: str
    name: str

    def __str__(self) -> str:
        namespace = self.namespace or NO_NAMESPACE
        return f"nodes/{level(self.node)}/desired/{level(self.resource)}/{level(namespace)}/{level(self.name)}"


@dataclass(frozen=True, slots=True)
class ClusterTopic:
    """``cluster/{resource}/{namespace}/{name}``: retained, for every node."""

    resource: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"cluster/{level(self.resource)}/{level(self.namespace or NO_NAMESPACE)}/{level(self.name)}"


@dataclass(frozen=True, slots=True)
class CallTopic:
    """``nodes/{node}/calls/{call}``: a request with a reply; ``call`` is the method (``logs``, ``exec``...)."""

    node: str
    call: str

    def __str__(self) -> str:
        return f"nodes/{level(self.node)}/calls/{level(self.call)}"


@dataclass(frozen=True, slots=True)
class ReplyTopic:
    """``nodes/{node}/replies/{correlation}``: the agent's answer to one call (inside its own subtree)."""

    node: str
    correlation: str

    def __str__(self) -> str:
        return f"nodes/{level(self.node)}/replies/{level(self.correlation)}"


@dataclass(frozen=True, slots=True)
class StreamTopic:
    """``nodes/{node}/streams/{stream}/{direction}``: frames; ``up`` is agent to server, ``down`` back."""

    node: str
    stream: str
    direction: str

    def __str__(self) -> str:
        if self.direction not in ("up", "down"):
            raise ValueError(f"a stream's direction is up or down, not {self.direction!r}")
        return f"nodes/{level(self.node)}/streams/{level(self.stream)}/{self.direction}"


Topic = NodeTopic | PodStatusTopic | DesiredTopic | ClusterTopic | CallTopic | ReplyTopic | StreamTopic

NODE_LEAVES = frozenset({"presence", "heartbeat", "node", "events", "sync", "synced"})


def parse(text: str) -> Topic:
    """Read a topic without its root; raises ValueError for anything that is none of ours."""
    parts = [level(part) for part in text.split("/")]
    match parts:
        case ["nodes", node, leaf] if leaf in NODE_LEAVES:
            return NodeTopic(node, leaf)
        case ["nodes", node, "pods", uid, "status"]:
            return PodStatusTopic(node, uid)
        case ["nodes", node, "desired", resource, namespace, name]:
            return DesiredTopic(node, resource, "" if namespace == NO_NAMESPACE else namespace, name)
        case ["nodes", node, "calls", call]:
            return CallTopic(node, call)
        case ["nodes", node, "replies", correlation]:
            return ReplyTopic(node, correlation)
        case ["nodes", node, "streams", stream, ("up" | "down") as direction]:
            return StreamTopic(node, stream, direction)
        case ["cluster", resource, namespace, name]:
            return ClusterTopic(resource, "" if namespace == NO_NAMESPACE else namespace, name)
        case _:
            raise ValueError(f"not a topic of edgeorch: {text!r}")


@dataclass(frozen=True, slots=True)
class Topics:
    """Joins topics and subscription patterns to the root of one cluster."""

    root: str = DEFAULT_ROOT

    def __post_init__(self) -> None:
        for part in self.root.split("/"):
            level(part)

    def name(self, topic: Topic) -> str:
        """Give the full topic name; raises ValueError when it is over MQTT's limit."""
        text = f"{self.root}/{topic}"
        if len(text.encode()) > MAX_TOPIC_BYTES:
            raise ValueError(f"topic of {len(text.encode())} bytes; MQTT allows {MAX_TOPIC_BYTES}")
        return text

    def parse(self, name: str) -> Topic:
        """Read a full topic name; raises ValueError."""
        prefix = self.root + "/"
        if not name.startswith(prefix):
            raise ValueError(f"{name!r} is not below {self.root!r}")
        return parse(name[len(prefix) :])

    def find(self, name: str) -> Topic | None:
        """Read a full topic name as it came from the network; None for anything that is none of ours."""
        try:
            return self.parse(name)
        except ValueError:
            return None

    def pattern(self, text: str) -> str:
        """Put the root before a subscription pattern such as ``nodes/+/presence``."""
        return f"{self.root}/{text}"
