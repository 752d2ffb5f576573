"""What can be configured, with defaults that suit one box at home."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from edgeorch.config.load import Settings, choose_file, load
from edgeorch.mqtt.topics import DEFAULT_ROOT

Port = Annotated[int, Field(ge=0, le=65_535)]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]


SERVER_DATA = Path("/var/lib/edgeorch/server")
AGENT_DATA = Path("/var/lib/edgeorch/agent")


class ServerSettings(Settings):
    """Settings of ``edgeorch server``."""

    data_dir: Path = Field(SERVER_DATA, description="Folder for the store and the certificates.")
    api_host: str = Field("0.0.0.0", description="Address the API listens on.")  # noqa: S104 (a server for a LAN; `up` binds to loopback)
    api_port: Port = Field(6443, description="Port the API listens on; 0 lets the system choose.")
    api_names: tuple[str, ...] = Field((), description="More names and addresses for the server's certificate.")
    mqtt_host: str = Field("0.0.0.0", description="Address the managed broker listens on.")  # noqa: S104 (same)
    mqtt_port: Port = Field(8883, description="Port the managed broker listens on.")
    mqtt_url: str = Field(
        "", description="mqtts:// URL of a broker that runs elsewhere; empty runs Mosquitto as a child."
    )
    mqtt_root: str = Field(DEFAULT_ROOT, description="Root of all topics.")
    node_grace: float = Field(
        50.0, gt=0, description="Seconds without a heartbeat until a node is NotReady (unknown)."
    )
    pack_nodes: bool = Field(
        default=False, description="Fill one node after the other with pods, instead of spreading them."
    )
    audit_log: str = Field("", description="File that tells who did what, as JSON lines; empty tells nothing.")
    audit_policy: str = Field(
        "", description="audit.k8s.io/v1 Policy for it (YAML); empty tells of all requests, without bodies."
    )
    log_level: LogLevel = Field("info", description="debug, info, warning or error.")
    log_format: LogFormat = Field("text", description="text or json.")


class AgentSettings(Settings):
    """Settings of ``edgeorch agent``."""

    node_name: str = Field("", description="Name of this node; empty takes it from the certificate.")
    data_dir: Path = Field(AGENT_DATA, description="Folder for checkpoint, certificates, volumes.")
    mqtt_url: str = Field("", description="mqtts://HOST:PORT of the broker; `edgeorch agent join` writes it.")
    mqtt_root: str = Field(DEFAULT_ROOT, description="Root of all topics.")
    podman_socket: str = Field(
        "/run/podman/podman.sock",
        description="Podman's API socket; empty lets the agent run a Podman of its own below data_dir.",
    )
    run_dir: Path = Field(
        Path("/run/edgeorch"), description="Folder in memory (tmpfs), empty after a reboot: secrets, sockets."
    )
    podman_bridge: str = Field(
        "", description="INTERFACE=SUBNET for the containers of a Podman that the agent runs itself."
    )
    node_ip: str = Field("", description="Address to report; empty takes the one that reaches the broker.")
    labels: dict[str, str] = Field(
        default_factory=dict, description="Labels for the node, set when it registers."
    )
    heartbeat_seconds: float = Field(30.0, gt=0, description="Seconds between heartbeats.")
    keepalive_seconds: int = Field(
        300, ge=5, description="MQTT keep-alive; heartbeats make a short one unnecessary."
    )
    pull_reserve_mib: int = Field(200, ge=0, description="MiB that an image pull must leave free on the disk.")
    log_level: LogLevel = Field("info", description="debug, info, warning or error.")
    log_format: LogFormat = Field("text", description="text or json.")


SERVER_FILE = Path("/etc/edgeorch/server.toml")
AGENT_FILE = Path("/etc/edgeorch/agent.toml")
"""Where the configuration is when neither ``--config`` nor ``EDGEORCH_CONFIG`` says; they may be missing."""


def load_server_settings(
    flags: Mapping[str, object], environ: Mapping[str, str], file: Path | None
) -> ServerSettings:
    """Give the server's effective settings; raises :class:`edgeorch.config.load.ConfigError`."""
    return load(
        ServerSettings,
        flags=flags,
        environ=environ,
        file=choose_file(file, environ, SERVER_FILE),
        also_known=AgentSettings.model_fields,
    )


def load_agent_settings(
    flags: Mapping[str, object], environ: Mapping[str, str], file: Path | None
) -> AgentSettings:
    """Give the agent's effective settings; raises :class:`edgeorch.config.load.ConfigError`."""
    return load(
        AgentSettings,
        flags=flags,
        environ=environ,
        file=choose_file(file, environ, AGENT_FILE),
        also_known=ServerSettings.model_fields,
    )
