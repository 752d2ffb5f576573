"""What a transcript can say.

====================================  ==============================================================
``apply``                             manifests as input: Pods, ConfigMaps, Secrets
``delete POD [grace=5s]``             mark for deletion
``drop pods|configmaps|secrets NAME`` take out of the desired state
``set-image POD CONTAINER=IMAGE``     change an image in place
``tick 30s``                          let time pass
``script CONTAINER``                  a line for each attempt: ``exit=1 after=5s``, ``obeys=never``, ``error=...``
``registry IMAGE``                    a line for each pull: ``delay=5s``, ``error=...``, ``unreachable=...``
``image NAME``                        is on the machine already
``disk free=100``                     MiB that are free for images
``agent stop|start|restart``
``reboot [all]``                      ``all``: Podman has lost everything
``runtime kill|oom CONTAINER``, ``runtime lose-network POD``, ``runtime crash|recover``
``show runtime|files``                what is there now
====================================  ==============================================================
"""

from __future__ import annotations

import yaml

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.pod import Pod
from edgeorch.api.durations import parse_duration
from edgeorch_agent.runtime.base import ImageFault, RegistryUnavailable
from edgeorch_agent.runtime.fake import Pull, Script
from tests.scenarios.pods.transcript import Command, options
from tests.scenarios.pods.world import MIB, World


async def carry_out(world: World, command: Command) -> None:
    """Carry out one command; raises ValueError for one that is not understood."""
    match command.words:
        case ["apply"]:
            world.apply(*manifests(command.body))
        case ["delete", name]:
            world.delete(name, seconds(command.options["grace"]) if "grace" in command.options else None)
        case ["drop", resource, name]:
            world.drop(resource, name)
        case ["set-image", name]:
            for container, image in command.options.items():
                world.set_image(name, container, image)
        case ["tick", duration]:
            await world.settle(seconds(duration))
        case ["show", "runtime"]:
            world.lines += world.runtime_lines()
        case ["show", "files"]:
            world.lines += world.file_lines()
        case ["agent" | "reboot", *_]:
            await _restart(world, command)
        case _:
            _machine(world, command)


async def _restart(world: World, command: Command) -> None:
    match command.words:
        case ["agent", "stop"]:
            await world.stop_agent()
        case ["agent", "start"]:
            world.start_agent()
        case ["agent", "restart"]:
            await world.stop_agent()
            world.start_agent()
        case ["reboot", *rest]:
            await world.reboot(after=60.0, lose_podman=rest == ["all"])
        case _:
            raise ValueError(f"not understood: {command}")


def _machine(world: World, command: Command) -> None:
    lines = command.body.splitlines()
    match command.words:
        case ["script", container]:
            world.host.script(container, *(_script(line) for line in lines))
        case ["registry", image]:
            world.host.script_pull(image, *(_pull(line) for line in lines))
        case ["image", name]:
            world.host.add_image(name)
        case ["disk"]:
            world.free = int(command.options["free"]) * MIB
        case ["runtime", "kill" | "oom" as how, name]:
            world.kill(name, oom=how == "oom")
        case ["runtime", "lose-network", name]:
            world.host.kill_sandbox(world.pod(name).metadata.uid)
        case ["runtime", "crash"]:
            world.host.crash()
        case ["runtime", "recover"]:
            world.host.recover()
        case _:
            raise ValueError(f"not understood: {command}")


def manifests(text: str) -> list[Pod | ConfigMap | Secret]:
    """Read manifests of the kinds that an agent is told."""
    found: list[Pod | ConfigMap | Secret] = []
    for document in yaml.safe_load_all(text):
        match document["kind"]:
            case "Pod":
                found.append(Pod.from_dict(document))
            case "ConfigMap":
                found.append(ConfigMap.from_dict(document))
            case "Secret":
                found.append(Secret.from_dict(document))
            case other:
                raise ValueError(f"not understood: {other}")
    return found


def seconds(text: str) -> float:
    """Read a duration."""
    return parse_duration(text).total_seconds()


def _script(line: str) -> Script:
    given = options(line)
    obeys = given.get("obeys", "0s")
    return Script(
        run_for=seconds(given["after"]) if "after" in given else None,
        exit_code=int(given.get("exit", "0")),
        start_error=given.get("error", ""),
        stop_after=None if obeys == "never" else seconds(obeys),
        stop_exit_code=int(given.get("stop-exit", "143")),
    )


def _pull(line: str) -> Pull:
    given = options(line)
    error: ImageFault | None = ImageFault(given["error"]) if "error" in given else None
    if "unreachable" in given:
        error = RegistryUnavailable(given["unreachable"])
    return Pull(error=error, delay=seconds(given.get("delay", "0s")))
