"""What Mosquitto is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeorch.mqtt.settings import TlsFiles
from edgeorch_server.broker.config import BrokerConfig, access_list, configuration

FILES = TlsFiles(Path("/d/ca.crt"), Path("/d/broker.crt"), Path("/d/broker.key"))


def test_access_list() -> None:
    """The server has the root; a node has its own leaves, each direction by itself; nothing else is listed."""
    assert access_list("a/b", "boss").splitlines() == [
        "user boss",
        "topic readwrite a/b/#",
        "",
        "pattern write a/b/nodes/%u/presence",
        "pattern write a/b/nodes/%u/heartbeat",
        "pattern write a/b/nodes/%u/node",
        "pattern write a/b/nodes/%u/events",
        "pattern write a/b/nodes/%u/sync",
        "pattern write a/b/nodes/%u/pods/+/status",
        "pattern write a/b/nodes/%u/replies/+",
        "pattern write a/b/nodes/%u/streams/+/up",
        "pattern read a/b/nodes/%u/desired/#",
        "pattern read a/b/nodes/%u/synced",
        "pattern read a/b/nodes/%u/calls/+",
        "pattern read a/b/nodes/%u/streams/+/down",
        "pattern read a/b/cluster/#",
    ]


def test_a_bad_root() -> None:
    """A root with a wildcard would open the broker to everybody."""
    with pytest.raises(ValueError, match="topic level"):
        access_list("a/#")


@pytest.mark.parametrize(
    "line",
    [
        "listener 8883 192.168.1.5",
        "allow_anonymous false",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        "persistence false",
        "set_tcp_nodelay true",
        "keyfile /d/broker.key",
        "acl_file /d/acl",
    ],
)
def test_configuration(line: str) -> None:
    """The lines that security and the card's life depend on are there."""
    config = BrokerConfig(Path("/d"), 8883, FILES, bind="192.168.1.5")
    assert line in configuration(config, FILES, Path("/d/acl")).splitlines()


def test_paths_cannot_add_lines() -> None:
    """A folder with a line break in its name cannot change the configuration."""
    config = BrokerConfig(Path("/d"), 8883, FILES)
    with pytest.raises(ValueError, match="line break"):
        configuration(config, FILES, Path("/d/x\nallow_anonymous true"))
