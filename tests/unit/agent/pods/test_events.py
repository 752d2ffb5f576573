"""Events: one name for what repeats, and a limit for what babbles."""

from __future__ import annotations

from edgeorch.api.core.event import Event
from edgeorch_agent.pods.events import BURST, REFILL_SECONDS, Recorder
from tests.unit.agent.pods.builders import NOW, pod


class Sink:
    """Takes events down."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        """Take an event down."""
        self.events.append(event)


class Clock:
    """A clock that stands until it is set."""

    now = NOW

    def __call__(self) -> float:
        return self.now


def test_an_event() -> None:
    """An event says what happened to what, who says so and when."""
    sink = Sink()
    Recorder(sink, "pi-1", Clock()).warning(pod(), "Failed", "Error: no", "web")
    (event,) = sink.events
    involved = event.involvedObject
    assert (involved.kind, involved.namespace, involved.name, involved.uid) == ("Pod", "default", "web", "u1")
    assert involved.fieldPath == "spec.containers{web}"
    assert (event.type, event.reason, event.message, event.count) == ("Warning", "Failed", "Error: no", 1)
    assert (event.source.component, event.source.host) == ("kubelet", "pi-1")
    assert event.firstTimestamp == event.lastTimestamp == "2025-06-15T15:06:40Z"
    assert event.metadata.name.startswith("web.")
    assert event.metadata.namespace == "default"


def test_init_containers_have_their_own_path() -> None:
    """The field path tells init containers apart; an event of the pod as a whole has none."""
    sink = Sink()
    recorder = Recorder(sink, "pi-1", Clock())
    made = pod(initContainers=[{"name": "setup", "image": "a:1"}])
    recorder.normal(made, "Started", "m", "setup")
    recorder.normal(made, "SandboxChanged", "m")
    assert [e.involvedObject.fieldPath for e in sink.events] == ["spec.initContainers{setup}", ""]


def test_repetition_counts() -> None:
    """The same event again keeps its name and first time, and counts; another message is another event."""
    sink, clock = Sink(), Clock()
    recorder = Recorder(sink, "pi-1", clock)
    recorder.warning(pod(), "BackOff", "m", "web")
    clock.now += 60
    recorder.warning(pod(), "BackOff", "m", "web")
    recorder.warning(pod(), "BackOff", "other", "web")
    first, second, third = sink.events
    assert first.metadata.name == second.metadata.name != third.metadata.name
    assert (first.count, second.count, third.count) == (1, 2, 1)
    assert second.firstTimestamp == first.firstTimestamp != second.lastTimestamp


def test_a_babbling_pod_is_cut_off() -> None:
    """A pod may emit 25 events at once and then one every five minutes; other pods are not touched."""
    sink, clock = Sink(), Clock()
    recorder = Recorder(sink, "pi-1", clock)
    for number in range(100):
        recorder.normal(pod(), "Pulled", f"m{number}")
    assert len(sink.events) == BURST
    recorder.normal(pod(metadata={"uid": "u2"}), "Pulled", "m")
    assert len(sink.events) == BURST + 1
    clock.now += REFILL_SECONDS
    recorder.normal(pod(), "Pulled", "m")
    recorder.normal(pod(), "Pulled", "m")
    assert len(sink.events) == BURST + 2


def test_clock_set_back() -> None:
    """A clock that was set back gives no budget and breaks nothing."""
    sink, clock = Sink(), Clock()
    recorder = Recorder(sink, "pi-1", clock)
    recorder.normal(pod(), "A", "m")
    clock.now -= 3600
    recorder.normal(pod(), "B", "m")
    assert len({e.metadata.name for e in sink.events}) == 2


def test_forgotten_pods_begin_anew() -> None:
    """What is remembered of a pod goes with it."""
    sink = Sink()
    recorder = Recorder(sink, "pi-1", Clock())
    recorder.normal(pod(), "A", "m")
    recorder.forget("u1")
    recorder.normal(pod(), "A", "m")
    assert [e.count for e in sink.events] == [1, 1]
