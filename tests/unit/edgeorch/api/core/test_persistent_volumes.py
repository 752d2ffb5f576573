"""PersistentVolumes: defaults, validation, and that a volume stays what it is."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.core.persistent_volume import PersistentVolume
from edgeorch.api.core.validation.persistent_volumes import (
    default_volume,
    validate_volume,
    validate_volume_update,
)


def volume(**spec: Any) -> PersistentVolume:
    body = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/srv/data"},
        **spec,
    }
    made = PersistentVolume.from_dict(
        {"metadata": {"name": "pv"}, "spec": {name: value for name, value in body.items() if value is not None}}
    )
    default_volume(made)
    return made


def test_defaults() -> None:
    """What is on a volume is kept, and it is a file system."""
    spec = volume().spec
    assert (spec.persistentVolumeReclaimPolicy, spec.volumeMode) == ("Retain", "Filesystem")


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"capacity": None}, ["spec.capacity: Required value"], id="no size"),
        pytest.param(
            {"capacity": {"storage": "0"}},
            ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
            id="no room",
        ),
        pytest.param({"accessModes": []}, ["spec.accessModes: Required value"], id="no mode"),
        pytest.param({"hostPath": None}, ["spec: Required value: must specify a volume type"], id="no source"),
        pytest.param(
            {"nfs": {"server": "nas", "path": "/a"}},
            ["spec.nfs: Forbidden: may not specify more than 1 volume type"],
            id="two sources",
        ),
        pytest.param(
            {"hostPath": None, "local": {"path": "/a"}},
            ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
            id="local anywhere",
        ),
        pytest.param(
            {"hostPath": {"path": "/a/../b"}},
            ["spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"],
            id="climbing",
        ),
        pytest.param(
            {"persistentVolumeReclaimPolicy": "Keep"},
            [
                (
                    'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", '
                    '"Recycle", "Retain"'
                )
            ],
            id="policy",
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """Each clause of ``ValidatePersistentVolume`` that matters here, in Kubernetes' words."""
    assert [str(error) for error in validate_volume(volume(**spec))] == errors


def test_a_volume_stays_what_it_is() -> None:
    """Its source cannot change; its policy can."""
    assert validate_volume_update(volume(persistentVolumeReclaimPolicy="Delete"), volume()) == []
    [error] = validate_volume_update(volume(hostPath={"path": "/other"}), volume())
    assert str(error).startswith(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n"
    )
