"""From a container of a pod to what the runtime creates."""

from __future__ import annotations

from dataclasses import dataclass

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod
from edgeorch_agent.pods import attempts, backoff
from edgeorch_agent.pods.resolve.downward import Surroundings
from edgeorch_agent.pods.resolve.environment import environment
from edgeorch_agent.pods.resolve.expansion import expand
from edgeorch_agent.pods.resolve.inputs import Inputs
from edgeorch_agent.pods.resolve.resources import limits
from edgeorch_agent.pods.resolve.sandbox import pod_labels
from edgeorch_agent.pods.resolve.security import security
from edgeorch_agent.runtime.base import (
    LABEL_CONTAINER,
    LABEL_HASH,
    LABEL_RESTARTS,
    ContainerSpec,
    ImageInfo,
    Mount,
)

SECCOMP_ROOT = "/var/lib/edgeorch/seccomp"
"""Folder of ``Localhost`` seccomp profiles."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which start of a container this is."""

    restarts: int
    backoff: float
    """Seconds to wait after its end."""


def container_spec(
    pod: Pod,
    container: Container,
    attempt: Attempt,
    image: ImageInfo,
    inputs: Inputs,
    around: Surroundings,
    mounts: tuple[Mount, ...],
) -> ContainerSpec:
    """Resolve one container; raises ConfigError when something it needs is missing."""
    variables = environment(pod, container, inputs, around)
    secure = security(pod, container, image.user, SECCOMP_ROOT)
    return ContainerSpec(
        name=container.name,
        image=container.image,
        labels={
            **pod_labels(pod, around.node),
            LABEL_CONTAINER: container.name,
            LABEL_HASH: attempts.spec_hash(container),
            LABEL_RESTARTS: str(attempt.restarts),
            backoff.LABEL_BACKOFF: f"{attempt.backoff:g}",
        },
        entrypoint=tuple(expand(part, variables) for part in container.command) or None,
        args=tuple(expand(part, variables) for part in container.args) or None,
        env=variables,
        working_dir=container.workingDir,
        mounts=mounts,
        limits=limits(pod, container, around.node.memory),
        user=secure.user,
        groups=secure.groups,
        privileged=secure.privileged,
        read_only_root=secure.read_only_root,
        no_new_privileges=secure.no_new_privileges,
        cap_add=secure.cap_add,
        cap_drop=secure.cap_drop,
        seccomp_unconfined=secure.seccomp_unconfined,
        seccomp_profile=secure.seccomp_profile,
        stdin=container.stdin,
        stdin_once=container.stdinOnce,
        tty=container.tty,
        stop_signal=(container.lifecycle.stopSignal or "") if container.lifecycle else "",
    )
