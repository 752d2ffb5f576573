"""What different machines need to be told to Podman."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from edgeorch.errors import UserError
from edgeorch_agent.runtime.containers_conf import HostFacts, containers_conf
from edgeorch_agent.runtime.podman_home import Bridge, default_network, free_subnet

PI = HostFacts(
    systemd=True,
    cgroup_v2=True,
    runtimes=("crun", "runc"),
    netavark=True,
    nofile=1 << 20,
    nproc=-1,
    pid_max=1 << 22,
)
VM = replace(PI, systemd=False, cgroup_v2=False, nofile=20_000, nproc=96_365, pid_max=32_768)


def test_a_board_with_systemd_needs_little() -> None:
    """Podman's own defaults are right there."""
    assert tomllib.loads(containers_conf(PI)) == {
        "engine": {"runtime": "crun", "lock_type": "file", "events_logger": "file"},
        "network": {"network_backend": "netavark"},
    }


def test_a_machine_without_systemd_and_with_low_limits_is_told_more() -> None:
    """Cgroups without systemd, runc on hybrid cgroups, and no limit above what may be set."""
    conf = tomllib.loads(containers_conf(VM))
    assert conf["engine"]["runtime"] == "runc"
    assert conf["engine"]["cgroup_manager"] == "cgroupfs"
    assert conf["containers"]["default_ulimits"] == ["nofile=20000:20000", "nproc=32768:32768"]


def test_an_old_network_stack_is_left_to_podman() -> None:
    """Without netavark Podman uses CNI by itself."""
    assert "network" not in tomllib.loads(containers_conf(replace(PI, netavark=False)))


@pytest.mark.parametrize("facts", [replace(VM, runtimes=("crun",)), replace(PI, runtimes=())])
def test_without_a_usable_runtime_the_user_is_told(facts: HostFacts) -> None:
    """Crun alone is of no use on hybrid cgroups."""
    with pytest.raises(UserError, match="install the package runc"):
        containers_conf(facts)


def test_a_network_keeps_its_id() -> None:
    """Containers refer to their network by it; the gateway is the first address."""
    bridge = Bridge("eo0", IPv4Network("10.89.7.0/24"))
    assert default_network(bridge) == default_network(bridge)
    assert default_network(bridge)["subnets"] == [{"subnet": "10.89.7.0/24", "gateway": "10.89.7.1"}]
    assert default_network(bridge)["id"] != default_network(replace(bridge, interface="eo1"))["id"]


def test_podmans_that_share_a_network_namespace_share_no_firewall_chain() -> None:
    """Netavark calls a network's chains after its name: each bridge's network has its own, and is the default."""
    one, other = (default_network(Bridge(name, IPv4Network("10.89.7.0/24")))["name"] for name in ("eo0", "eo1"))
    assert one != other
    conf = tomllib.loads(containers_conf(VM, default_network=one))
    assert conf["network"]["default_network"] == one


def test_a_subnet_in_use_is_not_chosen() -> None:
    """Two Podmans in one network namespace must not give out the same addresses."""
    candidates = [IPv4Network("10.89.0.0/24"), IPv4Network("10.89.1.0/24")]
    assert free_subnet(candidates, [IPv4Network("10.89.0.128/25")]) == candidates[1]
    with pytest.raises(UserError, match="no free subnet"):
        free_subnet(candidates, [IPv4Network("10.0.0.0/8")])
