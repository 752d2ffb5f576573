"""Which container's log a user means, with kubelet's rules and words (``validateContainerLogStatus``)."""

from __future__ import annotations

from edgeorch.api.core.pod import Pod
from edgeorch.api.core.pod_status import ContainerStatus, PodStatus
from edgeorch.errors import BadRequest

_WAITING_WORDS = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def log_container(pod: Pod, status: PodStatus | None, container: str, *, previous: bool) -> str:
    """Give the runtime's id of the container whose log is asked for; raises BadRequest."""
    name = pod.metadata.name
    found = _status_of(status, container)
    if found is None:
        raise BadRequest(f'container "{container}" in pod "{name}" is not available')
    last = found.lastState.terminated if found.lastState else None
    if previous:
        if last is None or not last.containerID:
            raise BadRequest(f'previous terminated container "{container}" in pod "{name}" not found')
        return _id(last.containerID)
    state = found.state
    if state is not None and state.running is not None:
        return _id(found.containerID)
    if state is not None and state.terminated is not None and state.terminated.containerID:
        return _id(state.terminated.containerID)
    if last is not None and last.containerID:
        return _id(last.containerID)
    if state is not None and state.waiting is not None:
        why = _WAITING_WORDS.get(state.waiting.reason, state.waiting.reason)
        raise BadRequest(f'container "{container}" in pod "{name}" is waiting to start: {why}')
    raise BadRequest(f'container "{container}" in pod "{name}" is waiting to start - no logs yet')


def _status_of(status: PodStatus | None, container: str) -> ContainerStatus | None:
    if status is None:
        return None
    everyone = (*status.containerStatuses, *status.initContainerStatuses, *status.ephemeralContainerStatuses)
    return next((one for one in everyone if one.name == container), None)


def _id(container_id: str) -> str:
    """Take the runtime's id out of ``podman://ID``."""
    return container_id.rpartition("/")[2]
