import tomllib
from dataclasses import replace

from edgeorch.cli.up.containers_conf import Host, containers_conf

PI = Host(cgroup_v2=True, systemd=True, max_files=1_048_576, max_processes=4_194_304)


def settings(host: Host) -> dict[str, dict[str, object]]:
    return tomllib.loads(containers_conf(host) or "")


def test_a_common_host_needs_no_file() -> None:
    """Where Podman's defaults work, nothing is overridden."""
    assert containers_conf(PI) is None


def test_cgroup_v1_needs_runc() -> None:
    """crun, Debian's default, refuses cgroup v1 and hybrid hosts."""
    assert settings(replace(PI, cgroup_v2=False))["engine"] == {"runtime": "runc"}


def test_without_systemd_podman_manages_cgroups_and_events_itself() -> None:
    """The systemd cgroup manager and journald need a running systemd."""
    assert settings(replace(PI, systemd=False))["engine"] == {
        "cgroup_manager": "cgroupfs",
        "events_logger": "file",
    }


def test_ulimits_stay_below_the_hard_limit() -> None:
    """A container that asks for more than the host may give does not start."""
    found = settings(replace(PI, max_files=20_000))["containers"]
    assert found == {"default_ulimits": ["nofile=20000:20000", "nproc=4194304:4194304"]}
