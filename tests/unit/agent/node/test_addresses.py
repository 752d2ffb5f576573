import ipaddress

from edgeorch_agent.node.addresses import address_towards, node_address


def test_the_address_is_the_one_of_the_route() -> None:
    """The kernel says which of our addresses leads to a host."""
    assert address_towards("127.0.0.1", 8883) == "127.0.0.1"


def test_an_unknown_host_gives_no_address() -> None:
    """A board without a name server reports no address rather than failing."""
    assert address_towards("nosuch.invalid", 8883) == ""


def test_a_broker_on_this_box_does_not_make_loopback_the_nodes_address() -> None:
    """Loopback is reported only where there is no way to anywhere else."""
    address = ipaddress.ip_address(node_address("127.0.0.1", 8883))
    assert not address.is_loopback or address_towards("192.0.2.1", 9) == ""
