"""Volumes: what they hold, and how they lie on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from edgeorch_agent.pods.resolve.errors import ConfigError, MountError
from edgeorch_agent.pods.resolve.inputs import Inputs, fingerprint
from edgeorch_agent.pods.resolve.volumes import File, Folder, HostPath, Source, Tree, sources
from edgeorch_agent.pods.volumes import Volumes, sub_path, write_tree
from tests.unit.agent.pods.builders import AROUND, config_map, container, pod, secret

INPUTS = Inputs(
    {"settings": config_map("settings", mode="fast", level="3")}, {"keys": secret("keys", token="aGVsbG8=")}
)


def resolved(**volume: Any) -> Source:
    """Resolve one volume."""
    (found,) = sources(pod(volumes=[{"name": "v", **volume}]), INPUTS, AROUND)
    return found


def test_config_map() -> None:
    """All keys, with the default mode."""
    expected = {"mode": File(b"fast", 0o644), "level": File(b"3", 0o644)}
    assert resolved(configMap={"name": "settings"}) == Tree("v", expected)


def test_items() -> None:
    """Chosen keys under chosen paths with chosen modes."""
    items = [{"key": "mode", "path": "etc/mode", "mode": 0o600}]
    found = resolved(configMap={"name": "settings", "items": items, "defaultMode": 0o444})
    assert found == Tree("v", {"etc/mode": File(b"fast", 0o600)})


def test_secret_stays_off_the_disk() -> None:
    """A Secret's volume is marked as one, and so is a projection that holds one."""
    assert resolved(secret={"secretName": "keys"}) == Tree("v", {"token": File(b"hello", 0o644)}, secret=True)
    both = {"sources": [{"secret": {"name": "keys"}}, {"configMap": {"name": "settings"}}]}
    found = resolved(projected=both)
    assert isinstance(found, Tree)
    assert found.secret
    assert set(found.files) == {"token", "mode", "level"}


def test_downward() -> None:
    """Fields of the pod as files."""
    items = [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]
    assert resolved(downwardAPI={"items": items}) == Tree("v", {"name": File(b"web", 0o644)})


def test_others() -> None:
    """Folders and paths of the node; a volume without a source is an emptyDir."""
    assert resolved(emptyDir={"medium": "Memory"}) == Folder("v", memory=True)
    assert resolved() == Folder("v")
    assert resolved(hostPath={"path": "/srv", "type": "Directory"}) == HostPath("v", "/srv", "Directory")


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"configMap": {"name": "gone"}}, 'configmap "gone" not found'),
        ({"secret": {"secretName": "gone"}}, 'secret "gone" not found'),
        (
            {"configMap": {"name": "settings", "items": [{"key": "no", "path": "p"}]}},
            "configmap references non-existent config key: no",
        ),
        (
            {"secret": {"secretName": "keys", "items": [{"key": "no", "path": "p"}]}},
            "non-existent secret key: no",
        ),
        ({"nfs": {"server": "nas", "path": "/"}}, 'volumes of type "nfs" are not supported'),
        ({"configMap": {"name": "settings", "items": [{"key": "mode", "path": "../x"}]}}, "invalid path"),
        ({"configMap": {"name": "settings", "items": [{"key": "mode", "path": "/x"}]}}, "invalid path"),
    ],
)
def test_what_cannot_be_mounted(volume: dict[str, Any], message: str) -> None:
    """What is wrong is said with the volume's name, as kubelet's FailedMount does."""
    with pytest.raises(MountError, match='MountVolume.SetUp failed for volume "v" : .*' + message):
        resolved(**volume)


def test_optional() -> None:
    """An optional source that is missing gives an empty volume."""
    assert resolved(configMap={"name": "gone", "optional": True}) == Tree("v")


def test_fingerprint() -> None:
    """A pod's fingerprint changes with what it refers to, and with nothing else."""
    made = pod(
        volumes=[{"name": "v", "configMap": {"name": "settings"}}],
        imagePullSecrets=[{"name": "login"}],
        containers=[{"name": "web", "image": "a:1", "envFrom": [{"secretRef": {"name": "keys"}}]}],
    )
    before = fingerprint(made, INPUTS)
    other = config_map("other", a="b")
    assert fingerprint(made, Inputs({**INPUTS.config_maps, "other": other}, INPUTS.secrets)) == before
    newer = config_map("settings", mode="slow")
    newer.metadata.resourceVersion = "2"
    assert fingerprint(made, Inputs({"settings": newer}, INPUTS.secrets)) != before
    assert fingerprint(made, Inputs({}, INPUTS.secrets)) != before


# On disk


def test_files_change_all_at_once(tmp_path: Path) -> None:
    """Readers see the old files or the new ones: both hang on one link that is renamed."""
    write_tree(tmp_path, {"a": File(b"1", 0o644), "sub/b": File(b"2", 0o600)})
    assert ((tmp_path / "a").read_text(), (tmp_path / "sub/b").read_text()) == ("1", "2")
    assert (tmp_path / "sub/b").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a").readlink() == Path("..data/a")
    write_tree(tmp_path, {"a": File(b"3", 0o644)})
    assert (tmp_path / "a").read_text() == "3"
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("..")) == ["a"]
    assert len(list(tmp_path.iterdir())) == 3


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    """What is right already is not touched: no write for a restart of the agent."""
    files = {"a": File(b"1", 0o644)}
    assert write_tree(tmp_path, files)
    assert not write_tree(tmp_path, files)
    assert write_tree(tmp_path, {"a": File(b"1", 0o600)})


def test_interrupted_write_is_repaired(tmp_path: Path) -> None:
    """What a killed agent left half written is written again."""
    files = {"a": File(b"1", 0o644)}
    write_tree(tmp_path, files)
    target = tmp_path / (tmp_path / "..data").readlink()
    target.rename(target.with_name(f"{target.name}.tmp"))
    assert write_tree(tmp_path, files)
    assert (tmp_path / "a").read_text() == "1"


def test_sub_path_must_stay_inside(tmp_path: Path) -> None:
    """A link that leads out of the volume is no sub-path; a missing folder is made."""
    volume = tmp_path / "volume"
    volume.mkdir()
    assert sub_path(volume, "new/folder").is_dir()
    (volume / "out").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="leaves the volume"):
        sub_path(volume, "out")


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    """Make the volumes of an agent."""
    return Volumes(tmp_path / "disk", tmp_path / "memory")


def test_set_up_and_tear_down(volumes: Volumes) -> None:
    """Secrets lie in memory, the rest on disk; all of it goes with the pod."""
    volumes.set_up("u1", [Tree("s", {"t": File(b"x", 0o644)}, secret=True), Folder("data")])
    assert (volumes.memory_root / "u1/volumes/s/t").read_text() == "x"
    data = volumes.disk_root / "u1/volumes/data"
    assert data.stat().st_mode & 0o7777 == 0o777
    (data / "kept").write_text("1")
    volumes.set_up("u1", [Folder("data")])
    assert (data / "kept").exists()
    assert volumes.pods() == {"u1"}
    volumes.tear_down("u1")
    assert volumes.pods() == frozenset()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_fs_group(volumes: Volumes) -> None:
    """FsGroup owns the volumes and may read what the agent writes."""
    volumes.set_up("u1", [Tree("s", {"t": File(b"x", 0o400)}), Folder("data")], 1234)
    file = (volumes.disk_root / "u1/volumes/s/t").stat()
    folder = (volumes.disk_root / "u1/volumes/data").stat()
    assert (file.st_gid, file.st_mode & 0o777) == (1234, 0o440)
    assert (folder.st_gid, folder.st_mode & 0o7777) == (1234, 0o2777)


@pytest.mark.parametrize(
    ("kind", "existing", "message"),
    [
        ("Directory", "", "is not a directory"),
        ("Directory", "file", "is not a directory"),
        ("File", "folder", "is not a file"),
        ("Socket", "file", "is not a socket"),
        ("CharDevice", "file", "is not a character device"),
        ("Other", "file", "unknown hostPath type"),
    ],
)
def test_host_path_types(volumes: Volumes, tmp_path: Path, kind: str, existing: str, message: str) -> None:
    """Volumes, "hostPath volume types": what must be there and is not."""
    path = tmp_path / "thing"
    if existing:
        path.mkdir() if existing == "folder" else path.touch()
    with pytest.raises(MountError, match=message):
        volumes.set_up("u1", [HostPath("v", str(path), kind)])


def test_host_paths_that_are_made(volumes: Volumes, tmp_path: Path) -> None:
    """The types that end in OrCreate make what is missing."""
    volumes.set_up("u1", [HostPath("v", str(tmp_path / "d"), "DirectoryOrCreate")])
    volumes.set_up("u1", [HostPath("v", str(tmp_path / "f"), "FileOrCreate")])
    assert (tmp_path / "d").is_dir()
    assert (tmp_path / "f").is_file()


def test_mounts(volumes: Volumes) -> None:
    """Mounts are read-only where asked for and for what the agent writes, and follow sub-paths."""
    known: list[Source] = [Folder("data"), Tree("conf"), HostPath("dev", "/dev")]
    volumes.set_up("u1", known[:1])
    made = container(
        volumeMounts=[
            {"name": "data", "mountPath": "/data", "subPathExpr": "$(NAME)"},
            {"name": "conf", "mountPath": "/conf"},
            {"name": "dev", "mountPath": "/dev", "readOnly": True, "mountPropagation": "HostToContainer"},
        ]
    )
    data, conf, dev = volumes.mounts("u1", made, known, {"NAME": "web"})
    assert data.source == str((volumes.disk_root / "u1/volumes/data/web").resolve())
    assert (data.read_only, conf.read_only, dev.read_only) == (False, True, True)
    assert (dev.source, dev.propagation) == ("/dev", "rslave")
    with pytest.raises(ConfigError, match="cannot find volume"):
        volumes.mounts("u1", container(volumeMounts=[{"name": "no", "mountPath": "/x"}]), known, {})


def test_termination_message(volumes: Volumes) -> None:
    """Each start has its own file for last words, of which 4096 bytes count."""
    mount = volumes.termination_mount("u1", container(), 2)
    assert mount.destination == "/dev/termination-log"
    Path(mount.source).write_bytes(b"x" * 5000)
    assert volumes.termination_message("u1", "web", 2) == "x" * 4096
    assert volumes.termination_message("u1", "web", 1) == ""
