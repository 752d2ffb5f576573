from pathlib import Path

import pytest

from edgeorch.config.load import ConfigError, load, render
from edgeorch.config.settings import AgentSettings, ServerSettings


def settings(
    tmp_path: Path, *, toml: str = "", environ: dict[str, str] | None = None, **flags: object
) -> ServerSettings:
    file = tmp_path / "server.toml"
    file.write_text(toml)
    return load(
        ServerSettings, flags=flags, environ=environ or {}, file=file, also_known=AgentSettings.model_fields
    )


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    """Configuration comes in a fixed order of precedence."""
    toml = "api_port = 1\nmqtt_port = 1\nnode_grace = 1.0\n"
    environ = {"EDGEORCH_API_PORT": "2", "EDGEORCH_MQTT_PORT": "2"}
    found = settings(tmp_path, toml=toml, environ=environ, api_port=3)
    assert (found.api_port, found.mqtt_port, found.node_grace, found.api_host) == (3, 2, 1.0, "0.0.0.0")


@pytest.mark.parametrize(
    ("toml", "environ", "flags", "message"),
    [
        pytest.param("api_prot = 1", {}, {}, "unknown setting 'api_prot'", id="unknown-key-in-file"),
        pytest.param(
            "", {"EDGEORCH_API_PROT": "1"}, {}, "EDGEORCH_API_PROT is set, but", id="unknown-variable"
        ),
        pytest.param("api_port = 70000", {}, {}, "api_port (from ", id="out-of-range"),
        pytest.param("", {"EDGEORCH_API_PORT": "x"}, {}, "api_port (from the environment)", id="no-number"),
        pytest.param("", {}, {"log_level": "loud"}, "log_level (from the command line)", id="bad-flag"),
        pytest.param("api_port = ", {}, {}, "is no valid TOML", id="broken-toml"),
    ],
)
def test_a_mistake_is_one_line_that_names_its_source(
    tmp_path: Path, toml: str, environ: dict[str, str], flags: dict[str, object], message: str
) -> None:
    """Unknown and wrong settings are refused with one line that says where they stand."""
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, toml=toml, environ=environ, **flags)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_variable_of_the_other_role_is_no_mistake(tmp_path: Path) -> None:
    """Server and agent may share one environment file."""
    assert settings(tmp_path, environ={"EDGEORCH_NODE_NAME": "pi-1"}) == ServerSettings()


def test_a_list_in_the_environment_is_comma_separated(tmp_path: Path) -> None:
    """Sequences are written with commas in EDGEORCH_ variables."""
    assert settings(tmp_path, environ={"EDGEORCH_API_NAMES": "box,10.0.0.2"}).api_names == ("box", "10.0.0.2")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """A file that was named must exist."""
    with pytest.raises(ConfigError, match="cannot read"):
        load(ServerSettings, flags={}, environ={}, file=tmp_path / "none.toml")


@pytest.mark.parametrize("model", [ServerSettings, AgentSettings], ids=["server", "agent"])
def test_the_printed_configuration_can_be_read_back(
    tmp_path: Path, model: type[ServerSettings] | type[AgentSettings]
) -> None:
    """``edgeorch config`` prints what a configuration file may hold."""
    file = tmp_path / "printed.toml"
    file.write_text(render(model()))
    assert load(model, flags={}, environ={}, file=file) == model()
