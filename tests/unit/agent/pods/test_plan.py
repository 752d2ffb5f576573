"""Plans, clause by clause: what is done next in one situation."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from edgeorch.api import meta
from edgeorch.api.core.pod_status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStatus,
    PodStatus,
)
from edgeorch_agent.pods.actions import (
    CreateSandbox,
    EnsureImage,
    Plan,
    RemoveContainer,
    RemoveSandbox,
    SetUpVolumes,
    StartContainer,
    StopContainer,
    StopSandbox,
    TearDown,
)
from edgeorch_agent.pods.model import (
    SANDBOX,
    DesiredPod,
    ImageState,
    Memory,
    ObservedPod,
    Probes,
    Stop,
)
from edgeorch_agent.pods.plan import plan
from tests.unit.agent.pods.builders import (
    IMAGE,
    NOW,
    desired,
    info,
    observed,
    pod,
    sandbox,
    with_images,
)

SIDECAR = {"name": "proxy", "image": "app:1", "restartPolicy": "Always"}
SETUP = {"name": "setup", "image": "app:1"}


def deleted(**spec: object) -> DesiredPod:
    """Make a pod that is being deleted with a grace period of 30 s."""
    end = meta.format_time(dt.datetime.fromtimestamp(NOW + 30, dt.UTC))
    return desired(metadata={"deletionTimestamp": end, "deletionGracePeriodSeconds": 30}, **spec)


def prior(state: ContainerState, *, phase: str = "Running", restarts: int = 0) -> PodStatus:
    """Make a status that was reported of the container ``web``."""
    status = ContainerStatus(
        name="web", image="app:1", imageID="i1", ready=False, restartCount=restarts, state=state
    )
    return PodStatus(phase=phase, containerStatuses=[status])


def ended(code: int) -> ContainerState:
    """Make the state of a container that has ended."""
    return ContainerState(terminated=ContainerStateTerminated(exitCode=code))


def test_first_volumes_then_sandbox() -> None:
    """A new pod gets its volumes and its sandbox before anything else."""
    assert plan(desired(), ObservedPod(), NOW).actions == (SetUpVolumes(), CreateSandbox())


def test_then_image_then_container() -> None:
    """In a ready sandbox a container's image is looked for, and then the container is started."""
    assert plan(desired(), observed(), NOW).actions == (EnsureImage("web"),)
    assert plan(desired(), observed(memory=with_images("web")), NOW).actions == (
        StartContainer("web", restarts=0, backoff=0),
    )


def test_running_pod_needs_nothing() -> None:
    """A plan for a pod that is as it should be is empty: no actions and no time to look again."""
    assert plan(desired(), observed(info()), NOW) == Plan()


def test_created_container_is_started() -> None:
    """A container that was created and not started (the agent was killed in between) is started, not doubled."""
    found = observed(info(state="created", restarts=3, backoff=40), memory=with_images("web"))
    assert plan(desired(), found, NOW).actions == (
        StartContainer("web", restarts=3, backoff=40, created_id="web-3"),
    )


def test_created_container_of_another_spec_is_replaced() -> None:
    """One that was created from an older spec is removed instead."""
    found = observed(info(state="created", image="old:1"), memory=with_images("web"))
    assert plan(desired(), found, NOW).actions == (RemoveContainer("web", "web-0"),)


@pytest.mark.parametrize(
    ("policy", "code", "starts"),
    [
        ("Always", 0, True),
        ("Always", 1, True),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Never", 0, False),
        ("Never", 1, False),
    ],
)
def test_restart_policy(policy: str, code: int, starts: bool) -> None:
    """Pod Lifecycle, "Container restart policy"."""
    found = observed(info(state="exited", exit_code=code), memory=with_images("web"))
    todo = plan(desired(restartPolicy=policy), found, NOW)
    [action] = todo.actions
    assert isinstance(action, StartContainer if starts else StopSandbox)
    assert todo.finished is not starts


def test_a_pod_that_is_through_lets_go_of_its_sandbox() -> None:
    """What has ended needs no address; its dead containers stay for their logs, and nothing is asked for twice."""
    through = desired(restartPolicy="Never")
    assert plan(through, observed(info(state="exited")), NOW).actions == (StopSandbox(),)
    assert plan(through, observed(info(state="exited"), ready=False), NOW).actions == ()
    reported = Memory(prior=PodStatus(phase="Succeeded"), mounted="")
    assert plan(through, observed(info(state="exited"), memory=reported), NOW).actions == (StopSandbox(),)
    failure = reported.with_failure(SANDBOX, "FailedSandbox", "no", NOW, inputs=through.inputs)
    todo = plan(through, observed(info(state="exited"), memory=failure), NOW)
    assert todo.actions == ()
    assert todo.wake_at is not None
    assert todo.wake_at > NOW


def test_crash_loop_waits() -> None:
    """A container with a delay on its label waits it out, in kubelet's words, and then doubles it."""
    found = observed(info(state="exited", exit_code=1, restarts=1, backoff=10), memory=with_images("web"))
    todo = plan(desired(), found, NOW)
    assert todo.actions == ()
    assert todo.wake_at == NOW + 9
    assert todo.waiting["web"].reason == "CrashLoopBackOff"
    expected = "back-off 10s restarting failed container=web pod=web_default(u1)"
    assert todo.waiting["web"].message == expected
    assert plan(desired(), found, NOW + 9).actions == (StartContainer("web", restarts=2, backoff=20),)


def test_longest_crash_loop() -> None:
    """Go writes five minutes as 5m0s."""
    todo = plan(desired(), observed(info(state="exited", exit_code=1, backoff=300)), NOW)
    assert todo.waiting["web"].message.startswith("back-off 5m0s restarting")


def test_clock_set_back_starts_at_once() -> None:
    """A clock that was set back an hour does not make a crash loop wait an hour."""
    found = observed(info(state="exited", exit_code=1, backoff=300), memory=with_images("web"))
    assert plan(desired(), found, NOW - 3600).actions == (StartContainer("web", restarts=1, backoff=300),)


def test_start_error_counts_as_an_end() -> None:
    """A container whose process could not be started has ended, and is in the crash loop like any other."""
    broken = info(state="created", restarts=1, backoff=10, created_at=NOW - 1)
    memory = with_images("web").with_start_error(broken.id, "no such file")
    todo = plan(desired(), observed(broken, memory=memory), NOW)
    assert todo.waiting["web"].reason == "CrashLoopBackOff"
    assert plan(desired(restartPolicy="Never"), observed(broken, memory=memory), NOW).finished


def test_image_change_stops_and_restarts() -> None:
    """A changed image stops the container; the next one starts without delay, whatever the policy."""
    spec = desired(restartPolicy="Never", terminationGracePeriodSeconds=7)
    running = info(image="old:1", backoff=300)
    (stop,) = plan(spec, observed(running), NOW).actions
    text = "Container web definition changed, will be restarted"
    assert stop == StopContainer("web", running.id, 7, 7, replace=True, message=text)
    memory = with_images("web").with_stop(running.id, Stop(NOW, 7, 7, replace=True, done=True))
    dead = info(state="exited", image="old:1", exit_code=143, backoff=300)
    assert plan(spec, observed(dead, memory=memory), NOW).actions == (
        StartContainer("web", restarts=1, backoff=0),
    )


def test_image_change_after_the_end_restarts_nothing() -> None:
    """Under Never a container that ended by itself is not run again for a new image."""
    dead = info(state="exited", image="old:1")
    assert plan(desired(restartPolicy="Never"), observed(dead), NOW).finished


def test_unknown_state_is_stopped_first() -> None:
    """A container in an unknown state may be running: it is killed before another one starts."""
    lost = info(state="unknown")
    (stop,) = plan(desired(), observed(lost), NOW).actions
    assert isinstance(stop, StopContainer)
    memory = with_images("web").with_stop(lost.id, Stop(NOW, 30, 30, done=True))
    assert plan(desired(), observed(lost, memory=memory), NOW).actions == (
        StartContainer("web", restarts=1, backoff=10),
    )


def test_older_living_container_is_stopped() -> None:
    """Two living containers of one name never last: the older one goes before anything else happens."""
    found = observed(info(restarts=0), info(state="created", restarts=1), memory=with_images("web"))
    (stop,) = plan(desired(), found, NOW).actions
    assert isinstance(stop, StopContainer)
    assert stop.container_id == "web-0"


def test_only_the_newest_dead_container_is_kept() -> None:
    """``logs --previous`` needs one dead container; older ones are removed."""
    found = observed(info(state="exited", restarts=0), info(state="exited", restarts=1), info(restarts=2))
    assert plan(desired(), found, NOW).actions == (RemoveContainer("web", "web-0"),)


def test_container_that_nobody_declared_goes() -> None:
    """What runs under a name the spec does not have is stopped, and removed when it has ended."""
    (stop,) = plan(desired(), observed(info(), info("extra")), NOW).actions
    assert isinstance(stop, StopContainer)
    assert stop.container == "extra"
    found = observed(info(), info("extra", "exited"))
    assert plan(desired(), found, NOW).actions == (RemoveContainer("extra", "extra-0"),)


# Images


def image_state(reason: str, *, at: float = NOW, delay: float = 10, busy: bool = False) -> ObservedPod:
    """Make an observation of a container whose image is not to be had."""
    state = ImageState("app:1", busy=busy, reason=reason, message="it broke", at=at, delay=delay)
    return observed(memory=Memory(mounted="", images={"web": state}))


def test_pull_error_then_back_off() -> None:
    """A failed pull is ErrImagePull first, then ImagePullBackOff until it is tried again."""
    todo = plan(desired(), image_state("ErrImagePull"), NOW)
    assert todo.waiting["web"].reason == "ErrImagePull"
    assert todo.waiting["web"].message == "it broke"
    todo = plan(desired(), image_state("ErrImagePull"), NOW + 5)
    assert todo.waiting["web"].reason == "ImagePullBackOff"
    assert todo.waiting["web"].message == 'Back-off pulling image "app:1": ErrImagePull: it broke'
    assert todo.actions == ()
    assert todo.wake_at == NOW + 10
    assert plan(desired(), image_state("ErrImagePull"), NOW + 10).actions == (EnsureImage("web"),)


@pytest.mark.parametrize("reason", ["ErrImageNeverPull", "InvalidImageName", "ImageInspectError"])
def test_other_image_errors_keep_their_name(reason: str) -> None:
    """What is no failed pull is not a pull's back-off."""
    assert plan(desired(), image_state(reason), NOW + 5).waiting["web"].reason == reason


def test_pull_under_way_is_not_asked_for_again() -> None:
    """While a pull is under way its container waits, with the reason of the try before."""
    todo = plan(desired(), image_state("ErrImagePull", busy=True), NOW + 60)
    assert todo.actions == ()
    assert todo.waiting["web"].reason == "ImagePullBackOff"


def test_image_of_another_spec_is_void() -> None:
    """A new image reference is looked for at once, whatever is known of the old one."""
    memory = Memory(mounted="", images={"web": ImageState("old:1", info=IMAGE)})
    assert plan(desired(), observed(memory=memory), NOW).actions == (EnsureImage("web"),)


# Failures


def test_config_failure_is_waited_out() -> None:
    """A container that cannot be configured waits with the reason, and is tried again later."""
    memory = with_images("web").with_failure("web", "CreateContainerConfigError", "no such thing", NOW)
    todo = plan(desired(), observed(memory=memory), NOW)
    assert todo.waiting["web"].reason == "CreateContainerConfigError"
    assert (todo.actions, todo.wake_at) == ((), NOW + 1)
    retried = plan(desired(), observed(memory=memory), NOW + 1)
    assert retried.actions == (StartContainer("web", restarts=0, backoff=0),)
    assert retried.waiting["web"].reason == "CreateContainerConfigError"


def test_new_inputs_are_tried_at_once() -> None:
    """A ConfigMap that appears ends the wait."""
    memory = with_images("web").with_failure("web", "CreateContainerConfigError", "x", NOW, inputs="old")
    todo = plan(DesiredPod(pod(), inputs="new"), observed(memory=replace(memory, mounted="new")), NOW)
    assert todo.actions == (StartContainer("web", restarts=0, backoff=0),)


def test_failures_in_a_row_wait_longer() -> None:
    """Each failure doubles the wait, up to a minute; other inputs begin anew."""
    memory = Memory()
    delays = []
    for _ in range(8):
        memory = memory.with_failure("web", "r", "m", NOW)
        delays.append(memory.failures["web"].delay)
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60]
    assert memory.with_failure("web", "r", "m", NOW, inputs="new").failures["web"].delay == 1


def test_missing_volumes_do_not_hide_what_runs() -> None:
    """While volumes cannot be set up nothing starts, but ends are still noticed."""
    memory = Memory().with_failure("/volumes", "FailedMount", "m", NOW)
    assert plan(desired(), observed(memory=memory), NOW).actions == ()
    dead = info(state="exited")
    assert plan(desired(restartPolicy="Never"), observed(dead, memory=memory), NOW).finished


def test_outdated_volumes_do_not_stop_the_pod() -> None:
    """A refresh that fails leaves containers with what they have, and starts go on."""
    memory = with_images("web").with_failure("/volumes", "FailedMount", "m", NOW, inputs="new")
    todo = plan(DesiredPod(pod(), inputs="new"), observed(memory=memory), NOW)
    assert todo.actions == (StartContainer("web", restarts=0, backoff=0),)


# Init containers and sidecars


def test_init_containers_run_in_order() -> None:
    """Init Containers: "Each init container must complete successfully before the next one starts"."""
    spec = desired(initContainers=[SETUP, {"name": "more", "image": "app:1"}])
    ready = with_images("setup", "more", "web")
    assert plan(spec, observed(memory=ready), NOW).actions == (StartContainer("setup", 0, 0),)
    assert plan(spec, observed(info("setup"), memory=ready), NOW).actions == ()
    first = info("setup", "exited")
    assert plan(spec, observed(first, memory=ready), NOW).actions == (StartContainer("more", 0, 0),)
    second = info("more", "exited")
    assert plan(spec, observed(first, second, memory=ready), NOW).actions == (StartContainer("web", 0, 0),)


@pytest.mark.parametrize("policy", ["Always", "OnFailure"])
def test_failed_init_container_is_retried(policy: str) -> None:
    """A failed init container is run again under Always as under OnFailure."""
    spec = desired(restartPolicy=policy, initContainers=[SETUP])
    found = observed(info("setup", "exited", exit_code=1), memory=with_images("setup"))
    assert plan(spec, found, NOW).actions == (StartContainer("setup", restarts=1, backoff=10),)


def test_failed_init_container_under_never() -> None:
    """Under Never an init container that fails is the end of the pod, and of its sidecars."""
    spec = desired(restartPolicy="Never", initContainers=[SIDECAR, SETUP])
    found = observed(info("proxy"), info("setup", "exited", exit_code=1))
    todo = plan(spec, found, NOW)
    assert [a.container for a in todo.actions if isinstance(a, StopContainer)] == ["proxy"]
    assert not todo.finished
    assert plan(spec, observed(info("setup", "exited", exit_code=1)), NOW).finished


def test_app_restart_does_not_run_init_again() -> None:
    """An app container restarts without its pod's init containers."""
    spec = desired(initContainers=[SETUP])
    found = observed(info("setup", "exited"), info(state="exited"), memory=with_images("web"))
    assert plan(spec, found, NOW).actions == (StartContainer("web", restarts=1, backoff=10),)


def test_sidecar_must_have_started() -> None:
    """Sidecar Containers: what follows a sidecar starts once its startup probe has succeeded."""
    spec = desired(initContainers=[SIDECAR])
    found = observed(info("proxy"), memory=with_images("web"))
    waiting = replace(found, probes={"proxy": Probes(started=False, ready=False)})
    assert plan(spec, waiting, NOW).actions == ()
    assert plan(spec, found, NOW).actions == (StartContainer("web", 0, 0),)


@pytest.mark.parametrize("policy", ["Always", "OnFailure", "Never"])
def test_sidecar_restarts_whatever_the_policy(policy: str) -> None:
    """A sidecar restarts while the pod lives, even under Never and after exit code 0."""
    spec = desired(restartPolicy=policy, initContainers=[SIDECAR])
    found = observed(info("proxy", "exited"), info(), memory=with_images("proxy"))
    assert plan(spec, found, NOW).actions == (StartContainer("proxy", restarts=1, backoff=10),)


def test_sidecars_do_not_keep_a_pod_alive() -> None:
    """When all app containers have ended for good, sidecars are stopped, the last one first."""
    second = {**SIDECAR, "name": "logger"}
    spec = desired(restartPolicy="Never", initContainers=[SIDECAR, second])
    found = observed(info("proxy"), info("logger"), info(state="exited"))
    assert [a.container for a in plan(spec, found, NOW).actions if isinstance(a, StopContainer)] == ["logger"]


# Probes


@pytest.mark.parametrize("kind", ["liveness", "startup"])
def test_failed_probe_restarts(kind: str) -> None:
    """A container that fails its liveness or startup probe is killed and restarted."""
    found = replace(observed(info()), probes={"web": Probes(failed=kind)})
    (stop,) = plan(desired(), found, NOW).actions
    assert isinstance(stop, StopContainer)
    assert stop.message == f"Container web failed {kind} probe, will be restarted"
    assert stop.replace


def test_failed_probe_under_never() -> None:
    """Under Never it is only killed."""
    found = replace(observed(info()), probes={"web": Probes(failed="liveness")})
    (stop,) = plan(desired(restartPolicy="Never"), found, NOW).actions
    assert isinstance(stop, StopContainer)
    assert not stop.replace


# Sandboxes


def test_lost_sandbox_is_made_anew() -> None:
    """After a reboot the sandbox is started again; init containers are removed, for they run again."""
    spec = desired(initContainers=[SETUP])
    found = observed(info("setup", "exited"), info(state="exited", exit_code=255), ready=False)
    assert plan(spec, found, NOW).actions == (RemoveContainer("setup", "setup-0"), CreateSandbox(again=True))


def test_containers_of_a_broken_sandbox_are_stopped_first() -> None:
    """A container that lives on without its sandbox's network is stopped before there is a new one."""
    (stop,) = plan(desired(), observed(info(), ready=False), NOW).actions
    assert isinstance(stop, StopContainer)
    assert stop.replace


def test_lost_sandbox_under_never() -> None:
    """A pod that runs once is not run again after a reboot."""
    todo = plan(desired(restartPolicy="Never"), observed(info(state="exited"), ready=False), NOW)
    assert (todo.actions, todo.finished) == ((), True)


def test_lost_sandbox_under_on_failure() -> None:
    """Under OnFailure a new sandbox is made only for what has not succeeded yet."""
    spec = desired(restartPolicy="OnFailure")
    assert plan(spec, observed(info(state="exited"), ready=False), NOW).finished
    assert plan(spec, observed(info(state="exited", exit_code=1), ready=False), NOW).actions == (
        CreateSandbox(again=True),
    )


def test_everything_lost_but_the_status() -> None:
    """Where the runtime has forgotten all, the reported status says what was done and how often."""
    spec = desired(restartPolicy="OnFailure")
    done = Memory(prior=prior(ended(0)), mounted="")
    assert plan(spec, ObservedPod(memory=done), NOW).finished
    failed = replace(with_images("web"), prior=prior(ended(1), restarts=4))
    assert plan(spec, ObservedPod(sandbox(), failed), NOW).actions == (StartContainer("web", 5, 0),)
    running = ContainerState(running=ContainerStateRunning())
    lost = replace(with_images("web"), prior=prior(running, restarts=4))
    assert plan(desired(), ObservedPod(sandbox(), lost), NOW).actions == (StartContainer("web", 5, 0),)


def test_sandbox_failure_is_waited_out() -> None:
    """A sandbox that could not be created is tried again after a pause."""
    memory = Memory(mounted="").with_failure(SANDBOX, "x", "no network", NOW)
    todo = plan(desired(), ObservedPod(memory=memory), NOW)
    assert (todo.actions, todo.wake_at) == ((), NOW + 1)


# The end


def test_deletion_stops_then_removes_then_forgets() -> None:
    """Termination: containers end, then the sandbox goes, then what lies on disk; then the pod is gone."""
    spec = deleted()
    (stop,) = plan(spec, observed(info()), NOW).actions
    assert stop == StopContainer("web", "web-0", 30, 30, final=True)
    todo = plan(spec, observed(info(state="exited")), NOW)
    assert (todo.actions, todo.finished, todo.gone) == ((RemoveSandbox(),), True, False)
    todo = plan(spec, ObservedPod(), NOW)
    assert (todo.actions, todo.finished, todo.gone) == ((TearDown(),), True, True)


def test_stop_under_way_is_not_repeated() -> None:
    """A stop that is under way is left alone, unless the grace period has become shorter."""
    memory = Memory(mounted="", stops={"web-0": Stop(NOW, 30, 30, final=True)})
    assert plan(deleted(), observed(info(), memory=memory), NOW).actions == ()
    hurried = desired(metadata={"deletionTimestamp": "2025-01-01T00:00:00Z", "deletionGracePeriodSeconds": 5})
    assert plan(hurried, observed(info(), memory=memory), NOW).actions == (
        StopContainer("web", "web-0", 5, 5, final=True),
    )


def test_refused_stop_is_tried_again() -> None:
    """A stop that the runtime refused is tried again after a pause."""
    memory = Memory(mounted="", stops={"web-0": Stop(NOW, 30, 30, final=True, failed_at=NOW)})
    todo = plan(deleted(), observed(info(), memory=memory), NOW)
    assert (todo.actions, todo.wake_at) == ((), NOW + 2)
    assert len(plan(deleted(), observed(info(), memory=memory), NOW + 2).actions) == 1


def test_forced_deletion_leaves_a_moment() -> None:
    """A grace period of 0 still gives kubelet's minimum of two seconds."""
    forced = desired(metadata={"deletionTimestamp": "2025-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0})
    (stop,) = plan(forced, observed(info()), NOW).actions
    assert stop == StopContainer("web", "web-0", 2, 2, final=True)


def test_dropped_pod_ends_with_its_own_grace() -> None:
    """A pod that the server no longer knows gets the grace period of its spec."""
    spec = DesiredPod(pod(terminationGracePeriodSeconds=12), dropped=True)
    assert plan(spec, observed(info()), NOW).actions == (StopContainer("web", "web-0", 12, 12, final=True),)


def test_sidecars_end_last_in_reverse_order() -> None:
    """Sidecars are stopped after everything else, one by one, with what is left of the grace period."""
    second = {**SIDECAR, "name": "logger"}
    spec = deleted(initContainers=[SIDECAR, second])
    stops = {"web-0": Stop(NOW - 20, 30, 30, final=True, done=True)}
    found = observed(
        info("proxy"), info("logger"), info(state="exited"), memory=Memory(mounted="", stops=stops)
    )
    (stop,) = plan(spec, found, NOW).actions
    assert stop == StopContainer("logger", "logger-0", 10, 30, final=True)


def test_deadline() -> None:
    """The active deadline ends the pod, measured from its start, and is looked for in time."""
    spec = desired(activeDeadlineSeconds=100)
    memory = Memory(mounted="", prior=PodStatus(phase="Running", startTime=_stamp(NOW - 90)))
    todo = plan(spec, observed(info(), memory=memory), NOW)
    assert (todo.verdict, todo.wake_at) == (None, NOW + 10)
    todo = plan(spec, observed(info(), memory=memory), NOW + 10)
    assert todo.verdict is not None
    assert todo.verdict.reason == "DeadlineExceeded"
    assert [type(a) for a in todo.actions] == [StopContainer]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_terminal_phase_is_final(phase: str) -> None:
    """A pod in a terminal phase is never started again; what still runs of it is stopped."""
    memory = Memory(prior=PodStatus(phase=phase))
    assert plan(desired(), ObservedPod(memory=memory), NOW).actions == ()
    (stop,) = plan(desired(), observed(info(), memory=memory), NOW).actions
    assert isinstance(stop, StopContainer)


def test_server_may_end_a_pod() -> None:
    """A terminal phase that the server has set (an eviction) counts as well."""
    evicted = pod()
    evicted.status.phase = "Failed"
    assert [type(a) for a in plan(DesiredPod(evicted), observed(info()), NOW).actions] == [StopContainer]


def _stamp(seconds: float) -> str:
    return meta.format_time(dt.datetime.fromtimestamp(seconds, dt.UTC))
