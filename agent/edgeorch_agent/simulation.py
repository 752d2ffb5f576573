"""``python -m edgeorch_agent.simulation``: many agents in one process, each on a scripted machine.

Everything but the machine is real: certificates, connections, checkpoints, pod workers. Containers start at
once and run until they are stopped. ``edgeorch simulate`` starts it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, nullcontext
from functools import partial
from pathlib import Path

from edgeorch.config.settings import AgentSettings, load_agent_settings
from edgeorch.daemon import Main, run_daemon
from edgeorch.tasks import Components, run_forever
from edgeorch_agent.agent import running_agent
from edgeorch_agent.node.facts import Facts
from edgeorch_agent.runtime.base import Runtime
from edgeorch_agent.runtime.fake import FakeHost, FakeRuntime

GIB = 1024**3


def board(name: str) -> Facts:
    """Describe a board of four cores and 8 GiB."""
    return Facts(
        hostname=name,
        architecture="arm64",
        kernel="6.12.0",
        os_image="simulated",
        machine_id=name,
        system_uuid=name,
        boot_id=name,
        cpus=4,
        memory=8 * GIB,
        swap=0,
        disk=64 * GIB,
        model="Simulated board",
    )


async def run(fleet: Sequence[AgentSettings], stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Run these agents until ``stop``."""
    components: dict[str, Components] = {}
    async with AsyncExitStack() as stack:
        for settings in fleet:
            name = settings.node_name
            machine: tuple[Runtime, Components] = (FakeRuntime(FakeHost(now=time.time), node=name), {})
            agent = running_agent(settings, nullcontext(machine), partial(board, name))
            components[name] = await stack.enter_async_context(agent)
        ready.set()
        tasks = {
            f"{node}: {name}": start for node, parts in components.items() for name, start in parts.items()
        }
        await run_forever(tasks, stop)


def start() -> tuple[Main, str, str]:
    """Read which nodes are this process' own."""
    parser = argparse.ArgumentParser(prog="python -m edgeorch_agent.simulation", description=__doc__)
    parser.add_argument("folder", type=Path, help="has a folder with an agent.toml for each node")
    parser.add_argument("--nodes", type=int, required=True, help="how many of them there are to be")
    parser.add_argument("--part", type=int, default=0, help="which of the parts to run, from 0")
    parser.add_argument("--parts", type=int, default=1, help="into how many parts the nodes are divided")
    flags = parser.parse_args()
    files = sorted(flags.folder.glob("*/agent.toml"))[: flags.nodes][flags.part :: flags.parts]
    fleet = [load_agent_settings({}, {}, file) for file in files]
    return partial(run, fleet), "warning", "text"


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(run_daemon(start))
