import ipaddress

from edgeorch.addresses import outgoing_address
from edgeorch_agent.node.addresses import node_address


def test_a_broker_on_this_box_does_not_make_loopback_the_nodes_address() -> None:
    """Loopback is reported only where there is no way to anywhere else."""
    address = ipaddress.ip_address(node_address("127.0.0.1", 8883))
    assert not address.is_loopback or outgoing_address() == ""
