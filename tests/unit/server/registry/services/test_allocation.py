"""Choosing addresses and node ports."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch_server.registry.services.allocation import (
    Ranges,
    address_problem,
    choose_address,
    choose_port,
    port_problem,
)

SMALL = Ranges(IPv4Network("10.9.0.0/29"), range(30_000, 30_004))


@given(taken=st.sets(st.sampled_from([f"10.9.0.{n}" for n in range(8)])), seed=st.text(max_size=5))
def test_addresses(taken: set[str], seed: str) -> None:
    """What is chosen is free and in the range, and something is chosen as long as there is something."""
    free = {f"10.9.0.{n}" for n in range(1, 7)} - taken
    chosen = choose_address(SMALL, taken, seed)
    assert (chosen in free) if free else chosen is None


@given(taken=st.sets(st.integers(30_000, 30_003)), seed=st.text(max_size=5))
def test_ports(taken: set[int], seed: str) -> None:
    """The same for node ports."""
    free = set(SMALL.ports) - taken
    chosen = choose_port(SMALL, taken, seed)
    assert (chosen in free) if free else chosen is None


def test_who_asks_first_does_not_matter() -> None:
    """A name leads to the same address as long as that is free, and not to the one just given up."""
    ranges = Ranges()
    first, other = choose_address(ranges, set(), "default/a"), choose_address(ranges, set(), "default/b")
    assert first == choose_address(ranges, set(), "default/a") != other
    assert first is not None
    assert choose_address(ranges, {first}, "default/a") != first


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        pytest.param("10.9.0.2", "", id="free"),
        pytest.param(
            "10.9.0.3", "failed to allocate IP 10.9.0.3: provided IP is already allocated", id="taken"
        ),
        pytest.param(
            "10.9.0.0",
            "failed to allocate IP 10.9.0.0: the provided IP (10.9.0.0) is not in the valid range. "
            "The range of valid IPs is 10.9.0.0/29",
            id="the network itself",
        ),
        pytest.param(
            "fd00::1",
            "failed to allocate IP fd00::1: the provided IP (fd00::1) is not in the valid range. "
            "The range of valid IPs is 10.9.0.0/29",
            id="another family",
        ),
    ],
)
def test_what_is_asked_for(address: str, problem: str) -> None:
    """An address that cannot be had is refused in Kubernetes' words."""
    assert address_problem(SMALL, address, {"10.9.0.3"}) == problem


def test_ports_that_are_asked_for() -> None:
    """The same for node ports."""
    assert port_problem(SMALL, 30_001, set()) == ""
    assert port_problem(SMALL, 30_001, {30_001}) == "provided port is already allocated"
    assert port_problem(SMALL, 80, set()) == (
        "provided port is not in the valid range. The range of valid ports is 30000-30003"
    )
