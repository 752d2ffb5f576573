"""What Mosquitto is told: its configuration and access list, as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgeorch.mqtt.settings import MAX_PACKET, TlsFiles
from edgeorch.mqtt.topics import DEFAULT_ROOT, Topics
from edgeorch.pki import MQTT_SERVER

NODE_WRITES = (
    "presence",
    "heartbeat",
    "node",
    "events",
    "sync",
    "pods/+/status",
    "replies/+",
    "streams/+/up",
)
"""What an agent may publish, below ``nodes/{its name}``."""

NODE_READS = ("desired/#", "synced", "calls/+", "streams/+/down")
"""What an agent may receive, below ``nodes/{its name}``; besides, everything below ``cluster``."""

MAX_QUEUED_MESSAGES = 1_000_000
"""Per client; in effect the bytes are the limit. Not 0 for "none": Mosquitto 2.0.11 then takes every refused
publish for a full queue, and ends the connection."""
MAX_QUEUED_BYTES = 256 * 1024 * 1024
"""Per client. The server must be able to receive every retained status of a large fleet in one go: beyond
its queue Mosquitto drops messages without a word, and its default ends at 1000 of them."""


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """One managed broker."""

    folder: Path
    """Where its generated files go; made when missing."""
    port: int
    tls: TlsFiles
    """The CA that signs every client, and the broker's own certificate and key."""
    bind: str = "127.0.0.1"
    """Address to listen on; the quick start stays on loopback."""
    root: str = DEFAULT_ROOT
    server_name: str = MQTT_SERVER


def access_list(root: str = DEFAULT_ROOT, server_name: str = MQTT_SERVER) -> str:
    """Write the ACL file: everything below the root for the server, its own subtree for each node.

    ``%u`` is the user name, which is the common name of the client's certificate. Mosquitto refuses names
    that hold a wildcard. Whatever is not listed is denied.
    """
    topics = Topics(root)
    lines = [f"user {server_name}", f"topic readwrite {topics.pattern('#')}", ""]
    lines += [f"pattern write {topics.pattern(f'nodes/%u/{leaf}')}" for leaf in NODE_WRITES]
    lines += [f"pattern read {topics.pattern(f'nodes/%u/{leaf}')}" for leaf in NODE_READS]
    lines += [f"pattern read {topics.pattern('cluster/#')}"]
    return "\n".join(lines) + "\n"


def configuration(config: BrokerConfig, files: TlsFiles, access: Path) -> str:
    """Write ``mosquitto.conf`` for Mosquitto 2; ``files`` are readable by the account that it runs under."""
    for path in (files.ca, files.certificate, files.key, access):
        if "\n" in str(path):
            raise ValueError(f"mosquitto cannot be given a path with a line break: {str(path)!r}")
    return f"""\
# Written by edgeorch at every start; changes are lost.
per_listener_settings false
allow_anonymous false
acl_file {access}

# What is retained here is a projection of the server's store, published again after a restart.
persistence false
sys_interval 0

log_dest stderr
log_timestamp false
log_type error
log_type warning
log_type notice
log_type information

set_tcp_nodelay true
max_packet_size {MAX_PACKET}
max_inflight_messages 128
max_queued_messages {MAX_QUEUED_MESSAGES}
max_queued_bytes {MAX_QUEUED_BYTES}
max_keepalive 300

listener {config.port} {config.bind}
cafile {files.ca}
certfile {files.certificate}
keyfile {files.key}
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
# A client id of its own choice could throw another node's connection out (MQTT5 3.1.4-3).
use_username_as_clientid true
"""
