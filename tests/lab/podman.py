"""A real Podman for tests, on any Linux machine with root and without a registry.

Each :class:`PodmanHost` has its own storage, its own bridge and its own service, sees no other containers and
leaves nothing behind; what a killed test run left is removed by the next one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path
from typing import IO, Final

from edgeorch_agent.runtime.containers_conf import HostFacts
from edgeorch_agent.runtime.podman_home import Bridge, PodmanHome, free_subnet
from tests.fakes.mosquitto import free_port
from tests.lab.cgroups import remove_groups
from tests.lab.folders import run_folder

LAB_ROOT: Final = Path("/tmp/edgeorch-lab")
"""Where test runs keep their Podmans, a folder each. Short: sockets lie below."""

BUSYBOX: Final = "localhost/busybox:lab"
BUSYBOX_PUBLIC: Final = "docker.io/library/busybox:1.36"
NGINX_PUBLIC: Final = "docker.io/library/nginx:1.27"
"""Names of public images, so that public manifests run unchanged; there is a busybox in each."""
PAGE: Final = "hello from the lab"

_APPLETS: Final = "sh cat date dd echo env false head hostname httpd id ls mkdir nc printf ps pwd sed seq sleep stat tail touch true wc wget yes"
_SUBNETS: Final = IPv4Network("10.89.0.0/16")
_START_WITHIN: Final = 30.0


def why_no_podman() -> str:
    """Say why real containers cannot run here; empty when they can."""
    if os.geteuid() != 0:
        return "needs root"
    for tool in ("podman", "conmon", "busybox", "ip"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed (scripts/install-deps --lab)"
    if not HostFacts.read().runtimes:
        return "neither crun nor runc is installed (scripts/install-deps --lab)"
    return ""


class PodmanHost:
    """One Podman with its service, and the lab's images in it."""

    def __init__(self, root: Path, *, bridge: bool = True, launcher: Sequence[str] = ()) -> None:
        """Keep everything below ``root``. ``launcher`` enters a namespace, where no own bridge is needed."""
        self.root = root
        self._own_bridge = bridge
        self._launcher = tuple(launcher)
        self._containers: set[str] = set()
        self.registry_port = free_port()
        """Where a registry without TLS may listen."""
        self.home = PodmanHome(root / "storage", root / "run", launcher=self._launcher)

    @property
    def socket(self) -> Path:
        """The service's socket."""
        return self.home.socket

    def start(self) -> None:
        """Start the service and build the images."""
        self.prepare()
        self.start_service()
        self.build_images()

    def prepare(self) -> None:
        """Make the folders and the configuration."""
        bridge = self._choose_bridge() if self._own_bridge else None
        self.root.mkdir(parents=True, exist_ok=True)
        registries = self.root / "registries.conf"
        registries.write_text(f'[[registry]]\nlocation = "127.0.0.1:{self.registry_port}"\ninsecure = true\n')
        self.home = PodmanHome(
            self.root / "storage",
            self.root / "run",
            bridge=bridge,
            launcher=self._launcher,
            environment={**os.environ, "CONTAINERS_REGISTRIES_CONF": str(registries)},
        )
        self.home.prepare(HostFacts.read())

    def start_service(self) -> None:
        """Start the service and wait until it answers."""
        self.socket.unlink(missing_ok=True)
        with self.home.log.open("ab") as log:
            child = subprocess.Popen(
                self.home.service_command(),
                env=self.home.child_environment(),
                cwd=self.home.run,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_WITHIN
        while not self.home.listener():
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Podman's service does not start: {self.home.log.read_text()}")
            time.sleep(0.02)

    def kill_service(self) -> None:
        """Kill the service (SIGKILL) and wait until it is gone. Containers run on."""
        if pid := self.home.listener():
            os.kill(pid, signal.SIGKILL)
            _wait_gone(pid)

    def podman(self, *words: str, check: bool = True, stdin: IO[bytes] | None = None) -> str:
        """Run a podman command and give what it prints."""
        done = subprocess.run(
            self.home.command(*words),
            env=self.home.child_environment(),
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=600,
        )
        if check and done.returncode:
            raise RuntimeError(f"podman {' '.join(words)}: {done.stderr.decode()}")
        return done.stdout.decode().strip()

    def build_image(
        self,
        *names: str,
        files: Mapping[str, bytes] | None = None,
        cmd: Sequence[str] = (),
        changes: Sequence[str] = (),
    ) -> None:
        """Build an image of busybox and some files (path -> content) and give it all these names."""
        options = [f"--change=CMD {json.dumps(list(cmd))}"] if cmd else []
        options += [f"--change={change}" for change in changes]
        archive = self.root / "image.tar"
        archive.write_bytes(busybox_root(files or {}))
        self.podman("import", *options, str(archive), names[0])
        archive.unlink()
        for name in names[1:]:
            self.podman("tag", names[0], name)

    def build_images(self) -> None:
        """Build what tests expect to find."""
        self.build_image(BUSYBOX, BUSYBOX_PUBLIC, cmd=["sh"])
        self.build_image(
            NGINX_PUBLIC,
            files={"www/index.html": PAGE.encode()},
            cmd=["httpd", "-f", "-p", "80", "-h", "/www"],
            changes=["EXPOSE 80"],
        )

    def reboot(self) -> None:
        """Do to Podman what a reboot does: every process is gone, and so is what lay on tmpfs."""
        ids = self.podman("ps", "--all", "--quiet", "--no-trunc").split()
        template = "--format={{.NetworkSettings.SandboxKey}}"
        namespaces = self.podman("inspect", template, *ids).split() if ids else []
        self.kill_service()
        self._kill_processes()
        for namespace in namespaces:
            subprocess.run(["umount", "--lazy", namespace], check=False, capture_output=True)
            Path(namespace).unlink(missing_ok=True)
        self._unmount()
        self._forget_runtime()
        shutil.rmtree(self.home.run)
        self.prepare()
        self.start_service()

    def remove_all(self) -> None:
        """Remove every pod and container."""
        self.podman("pod", "rm", "--all", "--force", "--time=0", check=False)
        self.podman("rm", "--all", "--force", "--time=0", check=False)

    def stop(self) -> None:
        """Remove everything: containers, service, processes, mounts, bridge, folders."""
        if self.home.run.exists():
            with suppress(RuntimeError, subprocess.TimeoutExpired):
                self.remove_all()
        if pid := self.home.listener():
            os.kill(pid, signal.SIGTERM)
            _wait_gone(pid)
        self._kill_processes()
        self._unmount()
        self._forget_runtime()
        if interface := self._bridge_left():
            subprocess.run(["ip", "link", "delete", interface], check=False, capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def leftovers(self) -> list[str]:
        """Name what is left of it on the machine: processes, mounts, a bridge."""
        found = [f"process {pid}" for pid in self._processes()]
        found += [f"mount {target}" for target in self._mounts()]
        return found + [f"link {name}" for name in filter(None, [self._bridge_left()])]

    def _choose_bridge(self) -> Bridge:
        number = int(hashlib.sha256(str(self.root).encode()).hexdigest()[:6], 16)
        interface = f"lab{number:06x}"
        routes = json.loads(subprocess.run(["ip", "-j", "route"], check=True, capture_output=True).stdout)
        taken = [IPv4Network(r["dst"]) for r in routes if r["dst"] != "default" and r.get("dev") != interface]
        subnets = list(_SUBNETS.subnets(new_prefix=24))
        first = number % len(subnets)
        return Bridge(interface, free_subnet(subnets[first:] + subnets[:first], taken))

    def _bridge_left(self) -> str:
        for definition in (self.home.storage / "networks").glob("*.json"):
            with suppress(OSError, ValueError, KeyError):
                interface = str(json.loads(definition.read_text())["network_interface"])
                if Path("/sys/class/net", interface).exists():
                    return interface
        return ""

    def _processes(self) -> list[int]:
        """Find conmon, podman and container processes of this host: their command lines or cgroups name it."""
        self._containers |= {path.name for path in self.home.storage.glob("overlay-containers/*/")}
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            with suppress(OSError):
                line = (folder / "cmdline").read_bytes()
                if (b"podman" in line or b"conmon" in line) and str(self.root).encode() in line:
                    found.append(int(folder.name))
                    continue
                cgroups = (folder / "cgroup").read_text()
                if "libpod" in cgroups and any(name in cgroups for name in self._containers):
                    found.append(int(folder.name))
        return found

    def _kill_processes(self) -> None:
        processes = self._processes()
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in processes:
            _wait_gone(pid)

    def _forget_runtime(self) -> None:
        """Remove what the OCI runtime keeps of killed containers, outside of our folders."""
        for container in self._containers:
            for state in ("/run/runc", "/run/crun"):
                shutil.rmtree(Path(state, container), ignore_errors=True)
        remove_groups(self._containers)

    def _mounts(self) -> list[str]:
        lines = Path("/proc/self/mounts").read_text().splitlines()
        return [target for line in lines if f"{(target := line.split()[1])}/".startswith(f"{self.root}/")]

    def _unmount(self) -> None:
        for target in sorted(self._mounts(), reverse=True):
            subprocess.run(["umount", "--lazy", target], check=False, capture_output=True)


@contextmanager
def lab_folder(root: Path = LAB_ROOT) -> Iterator[Path]:
    """Give this test run a folder for its Podmans, and remove what dead runs left in theirs."""
    with run_folder(root, lambda left: PodmanHost(left).stop()) as folder:
        yield folder


def busybox_root(files: Mapping[str, bytes]) -> bytes:
    """Give a root file system as a tar: busybox with the applets that tests use, and some files (path -> content)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        busybox = shutil.which("busybox")
        assert busybox is not None
        archive.add(busybox, "bin/busybox")
        for applet in _APPLETS.split():
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        for folder in ("tmp", "etc"):
            info = tarfile.TarInfo(folder)
            info.type, info.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(info)
        accounts = {"etc/passwd": b"root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n"}
        for name, content in {**accounts, **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _wait_gone(pid: int) -> None:
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise RuntimeError(f"process {pid} does not end")
