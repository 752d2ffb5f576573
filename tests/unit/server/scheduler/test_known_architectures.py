from typing import Any

import pytest

from edgeorch.api.core.pod import Pod
from edgeorch_server.scheduler.known_architectures import REMEMBERED, KnownArchitectures
from edgeorch_server.scheduler.plugins.profile import default_profile
from tests.fakes.scheduling import Board, node, pod

PULL = (
    "choosing an image from manifest list docker://docker.io/x:1: no image found in manifest list for "
    'architecture arm64, variant "v8", OS linux'
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def failed(**status: Any) -> Pod:
    found = pod(image="x:1")
    found.status = Pod.from_dict(
        {
            "status": {
                "containerStatuses": [
                    {"name": "c", "image": "x:1", "imageID": "", "ready": False, "restartCount": 0, **status}
                ]
            }
        }
    ).status
    return found


RUNNING = {"state": {"running": {"startedAt": "2026-05-01T12:00:00Z"}}}
UNPULLED = {"state": {"waiting": {"reason": "ErrImagePull", "message": PULL}}}


@pytest.mark.parametrize(
    ("status", "lacking"),
    [
        pytest.param(UNPULLED, {"arm64"}, id="nothing-to-pull"),
        pytest.param(
            {
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                "lastState": {"terminated": {"exitCode": 1, "message": "exec /app: exec format error"}},
            },
            {"arm64"},
            id="cannot-be-executed",
        ),
        pytest.param(
            {"state": {"waiting": {"reason": "ErrImagePull", "message": "connection refused"}}},
            set(),
            id="another-failure",
        ),
        pytest.param(RUNNING, set(), id="it-runs"),
    ],
)
def test_what_a_status_teaches(status: dict[str, Any], lacking: set[str]) -> None:
    """Only what speaks of the architecture counts; other failures say nothing about it."""
    known = KnownArchitectures(Clock())
    assert known.learn(failed(**status), "arm64") is bool(lacking)
    assert known.lacking("x:1") == lacking
    assert known.lacking("y:1") == set()


def test_a_pod_never_lands_on_a_board_whose_architecture_its_image_is_known_to_lack() -> None:
    """The replacement goes to a board that can run it; where there is none, the pod says why it waits."""
    known = KnownArchitectures(Clock())
    board = Board(node("pi", cpu="64"), profile=default_profile(images=known))
    assert board.decide(pod("first", image="x:1")) == "pi"
    known.learn(failed(**UNPULLED), "arm64")
    board.cluster.touch()
    said = "0/1 nodes are available: 1 node(s) had an architecture that an image of the pod lacks {arm64}."
    assert board.decide(pod("second", image="x:1")) == said
    board.add(node("pc", cpu="1", architecture="amd64"))
    assert board.decide(pod("third", image="x:1")) == "pc"


def test_what_is_known_is_forgotten_when_it_proves_wrong_or_old() -> None:
    """A tag can be pushed again for more architectures: a container that runs, or an hour, clears it."""
    clock = Clock()
    known = KnownArchitectures(clock)
    known.learn(failed(**UNPULLED), "arm64")
    assert known.learn(failed(**RUNNING), "arm64")
    assert known.lacking("x:1") == set()
    known.learn(failed(**UNPULLED), "arm64")
    clock.now = REMEMBERED - 1
    assert not known.expire()
    clock.now = REMEMBERED
    assert known.expire()
    assert known.lacking("x:1") == set()
