"""Where lifecycle hooks come in ("Container Lifecycle Hooks").

The executor calls ``pre_stop`` before it stops a container and takes the time it needed off the grace period,
and ``post_start`` after a start. Today only ``sleep`` does something; ``exec`` and ``httpGet`` need a way into
the container and belong in another implementation of :class:`Hooks`.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from edgeorch.api.core.container import Container
from edgeorch.api.core.pod import Pod


class Hooks(Protocol):
    """Runs the hooks of containers."""

    async def post_start(self, pod: Pod, container: Container, container_id: str) -> None:
        """Run the postStart hook, if there is one."""
        ...

    async def pre_stop(self, pod: Pod, container: Container, container_id: str, grace: float) -> None:
        """Run the preStop hook, if there is one; returns after ``grace`` seconds at the latest."""
        ...


class SleepHooks:
    """Runs ``sleep`` hooks and nothing else."""

    async def post_start(self, pod: Pod, container: Container, container_id: str) -> None:  # noqa: ARG002 (protocol)
        """Sleep, if that is the hook."""
        hook = container.lifecycle.postStart if container.lifecycle else None
        if hook is not None and hook.sleep is not None:
            await asyncio.sleep(hook.sleep.seconds)

    async def pre_stop(self, pod: Pod, container: Container, container_id: str, grace: float) -> None:  # noqa: ARG002 (protocol)
        """Sleep, if that is the hook, no longer than the grace period."""
        hook = container.lifecycle.preStop if container.lifecycle else None
        if hook is not None and hook.sleep is not None:
            await asyncio.sleep(min(float(hook.sleep.seconds), grace))
