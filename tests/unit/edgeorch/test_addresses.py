from edgeorch.addresses import address_towards


def test_the_address_is_the_one_of_the_route() -> None:
    """The kernel says which of our addresses leads to a host."""
    assert address_towards("127.0.0.1", 8883) == "127.0.0.1"


def test_an_unknown_host_gives_no_address() -> None:
    """A board without a name server reports no address rather than failing."""
    assert address_towards("nosuch.invalid", 8883) == ""
