"""The bodies that real kubectl sends, of kinds that are served and of others, against what it says they are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgeorch_server.apiserver.protobuf.body import MAGIC, decode_protobuf
from tests.fakes.kubectl import Kubectl
from tests.lab.kubectl import kubectls

NEWEST = kubectls()[-1:]
NOT_FOUND = b'{"kind":"Status","status":"Failure","reason":"NotFound","code":404}'
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(not NEWEST, reason="there is no kubectl on the PATH"),
]


@dataclass
class Catcher:
    """A server that knows nothing, takes everything, and keeps the bodies."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        if length:
            self.bodies.append(await reader.readexactly(int(length[1])))
        status, body = (b"201 Created", b"{}") if head.startswith(b"POST") else (b"404 Not Found", NOT_FOUND)
        writer.write(b"HTTP/1.1 %s\r\ncontent-type: application/json\r\nconnection: close\r\n" % status)
        writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()


@pytest.fixture
async def catcher() -> AsyncIterator[Catcher]:
    made = Catcher()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


def decoded(catcher: Catcher, kind: str) -> dict[str, Any]:
    """Decode the one body that was sent."""
    [body] = catcher.bodies
    if not body.startswith(MAGIC):
        pytest.skip("the newest kubectl here is older than 1.32 and sends JSON")
    value: dict[str, Any] = decode_protobuf(body, kind=kind).value
    return value


def significant(value: Any) -> Any:
    """Leave out what says nothing: Go writes null, zeros and empty objects into its JSON."""
    if isinstance(value, dict):
        kept = {key: significant(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", 0, False, {}, [])}
    return [significant(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "command",
    [
        "namespace n",
        "serviceaccount s",
        "configmap c --from-literal=a=b",
        "secret generic s --from-literal=a=b",
        "secret docker-registry s --docker-username=u --docker-password=p",
        "quota q --hard=cpu=500m,pods=2,count/deployments.apps=1 --scopes=NotTerminating",
        "deployment d --image=i --replicas=3 --port=80",
        "job j --image=i -- sh -c x",
        "cronjob c --image=i --schedule=@daily --restart=Never",
        "pdb p --selector=a=b --min-available=50%",
        "pdb p --selector=a=b --max-unavailable=1",
        "priorityclass p --value=-7 --description=d --preemption-policy=Never",
        "service nodeport s --tcp=80:web --node-port=30000",
        "ingress i --rule=a.b/p*=web:80,tls=t",
        "clusterrole c --verb=get --non-resource-url=/x",
        "rolebinding r --clusterrole=c --serviceaccount=n:s",
    ],
)
async def test_what_is_sent_is_what_is_meant(command: str, catcher: Catcher, tmp_path: Path) -> None:
    """The body, decoded, is the object that the same command prints in a dry run."""
    kubectl = Kubectl(NEWEST[0], tmp_path, tmp_path / "none")
    options, dash, program = command.partition(" -- ")
    words = ["create", *options.split(), f"--server=http://127.0.0.1:{catcher.port}"]
    rest = ["--", *program.split()] if dash else []
    meant = (await kubectl.ok(*words, "--dry-run=client", "--output=json", *rest)).json
    await kubectl.ok(*words, "--validate=false", *rest)
    assert significant(decoded(catcher, meant["kind"])) == significant(meant)


async def test_a_pointer_to_zero_is_sent(catcher: Catcher, tmp_path: Path) -> None:
    """No replicas is not the same as not saying how many."""
    kubectl = Kubectl(NEWEST[0], tmp_path, tmp_path / "none")
    where = f"--server=http://127.0.0.1:{catcher.port}"
    await kubectl.ok("create", "deployment", "d", "--image=i", "--replicas=0", where, "--validate=false")
    assert decoded(catcher, "Deployment")["spec"]["replicas"] == 0
