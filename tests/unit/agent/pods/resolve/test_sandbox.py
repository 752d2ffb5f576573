"""What all containers of a pod share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edgeorch_agent.pods.attempts import spec_hash
from edgeorch_agent.pods.resolve.container import Attempt, container_spec
from edgeorch_agent.pods.resolve.inputs import Inputs
from edgeorch_agent.pods.resolve.sandbox import resolver, sandbox_spec
from edgeorch_agent.runtime.base import PortMapping
from tests.unit.agent.pods.builders import AROUND, IMAGE, NODE, container, pod

WITH_DNS = replace(NODE, cluster_dns=("10.42.0.1",))


@pytest.mark.parametrize(
    ("spec", "servers", "searches"),
    [
        ({}, ("10.42.0.1",), ("default.svc.cluster.local", "svc.cluster.local", "cluster.local")),
        ({"dnsPolicy": "Default"}, (), ()),
        ({"hostNetwork": True}, (), ()),
        (
            {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["9.9.9.9"], "searches": ["lan"]}},
            ("9.9.9.9",),
            ("lan",),
        ),
    ],
    ids=["cluster first", "default", "host network", "none"],
)
def test_dns_policy(spec: dict[str, Any], servers: tuple[str, ...], searches: tuple[str, ...]) -> None:
    """DNS for Services and Pods, "Pod's DNS Policy"."""
    assert resolver(pod(**spec), WITH_DNS)[:2] == (servers, searches)


def test_dns_config_adds_and_overrides() -> None:
    """DnsConfig adds servers and searches without doubling them, and its options win."""
    config = {
        "nameservers": ["10.42.0.1", "1.1.1.1"],
        "searches": ["lan"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "rotate"}],
    }
    servers, searches, options = resolver(pod(dnsConfig=config), WITH_DNS)
    assert servers == ("10.42.0.1", "1.1.1.1")
    assert searches[-1] == "lan"
    assert options == ("ndots:2", "rotate")


def test_no_cluster_dns() -> None:
    """While the cluster has no DNS, pods use the node's."""
    assert resolver(pod(), NODE) == ((), (), ())


def test_sandbox() -> None:
    """Host name, published ports, aliases, kernel settings and shared namespaces."""
    found = sandbox_spec(
        pod(
            hostname="box",
            shareProcessNamespace=True,
            hostAliases=[{"ip": "10.0.0.1", "hostnames": ["nas", "files"]}],
            securityContext={"sysctls": [{"name": "net/core/somaxconn", "value": "1024"}]},
            containers=[
                {
                    "name": "web",
                    "image": "app:1",
                    "ports": [
                        {"containerPort": 80, "hostPort": 8080, "protocol": "TCP"},
                        {"containerPort": 53, "hostPort": 53, "protocol": "UDP", "hostIP": "127.0.0.1"},
                        {"containerPort": 443},
                    ],
                }
            ],
        ),
        NODE,
    )
    assert found.hostname == "box"
    assert found.share_pid
    assert found.host_aliases == (("nas", "10.0.0.1"), ("files", "10.0.0.1"))
    assert found.sysctls == {"net.core.somaxconn": "1024"}
    assert found.ports == (PortMapping(80, 8080), PortMapping(53, 53, "udp", "127.0.0.1"))


def test_long_names() -> None:
    """A pod's name longer than a host name can be is cut, and does not end in a dash or a dot."""
    name = "a" * 62 + "-b"
    assert sandbox_spec(pod(metadata={"name": name}), NODE).hostname == "a" * 62


def test_container() -> None:
    """Command and arguments are expanded; labels carry what the agent must find again."""
    made = container(
        command=["run", "$(MODE)"],
        args=["$$(MODE)"],
        env=[{"name": "MODE", "value": "fast"}],
        workingDir="/srv",
    )
    found = container_spec(
        pod(containers=[made.to_dict()]), made, Attempt(3, 40.0), IMAGE, Inputs(), AROUND, ()
    )
    assert (found.entrypoint, found.args) == (("run", "fast"), ("$(MODE)",))
    assert (found.image, found.working_dir) == ("app:1", "/srv")
    assert found.labels == {
        "io.edgeorch.pod.uid": "u1",
        "io.edgeorch.pod.namespace": "default",
        "io.edgeorch.pod.name": "web",
        "io.edgeorch.node": "pi-1",
        "io.edgeorch.container.name": "web",
        "io.edgeorch.container.hash": spec_hash(made),
        "io.edgeorch.container.restarts": "3",
        "io.edgeorch.container.backoff": "40",
    }


def test_image_decides_without_command() -> None:
    """Without command and arguments the image's own are kept."""
    found = container_spec(pod(), container(), Attempt(0, 0), IMAGE, Inputs(), AROUND, ())
    assert (found.entrypoint, found.args) == (None, None)


def test_only_the_image_makes_a_container_outdated() -> None:
    """The hash is that of name and image: fields that a newer agent knows restart nothing."""
    assert spec_hash(container()) == spec_hash(container(env=[{"name": "A", "value": "1"}]))
    assert spec_hash(container()) != spec_hash(container(image="app:2"))
