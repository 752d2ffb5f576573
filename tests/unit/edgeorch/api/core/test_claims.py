"""PersistentVolumeClaims: defaults, validation, and what may change of one."""

from typing import Any

import pytest

from edgeorch.api.core.defaults import default_claim, normalize_data_sources
from edgeorch.api.core.persistent_volume_claim import PersistentVolumeClaim
from edgeorch.api.core.validation import validate_claim, validate_claim_status_update, validate_claim_update

FIXED = (
    "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName "
    "for bound claims\n  "
)
SNAPSHOT = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}


def claim(size: str | None = "1Gi", status: dict[str, Any] | None = None, **spec: Any) -> PersistentVolumeClaim:
    """Make a defaulted claim."""
    asked = {"accessModes": ["ReadWriteOnce"], **spec}
    if size is not None:
        asked["resources"] = {"requests": {"storage": size}}
    meta = {"name": "data", "namespace": "default"}
    made = PersistentVolumeClaim.from_dict({"metadata": meta, "spec": asked, "status": status or {}})
    default_claim(made)
    return made


def test_defaults() -> None:
    """A file system, and pending."""
    made = claim()
    assert (made.spec.volumeMode, made.status.phase) == ("Filesystem", "Pending")
    block = claim(volumeMode="Block", status={"phase": "Bound"})
    assert (block.spec.volumeMode, block.status.phase) == ("Block", "Bound")


def test_data_sources() -> None:
    """The old field and the new one say the same, unless the new one says more."""
    old, new = claim(dataSource=SNAPSHOT), claim(dataSourceRef=SNAPSHOT)
    for made in (old, new):
        normalize_data_sources(made)
        assert validate_claim(made) == []
    assert old.spec == new.spec
    elsewhere = claim(dataSourceRef={**SNAPSHOT, "namespace": "other"})
    normalize_data_sources(elsewhere)
    assert elsewhere.spec.dataSource is None


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"storageClassName": "", "volumeMode": "Block"}, [], id="no class"),
        pytest.param({"size": None}, ["spec.resources[storage]: Required value"], id="no size"),
        pytest.param(
            {"size": "0"},
            ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
            id="no room",
        ),
        pytest.param(
            {"accessModes": []},
            ["spec.accessModes: Required value: at least 1 access mode is required"],
            id="no mode",
        ),
        pytest.param(
            {"accessModes": ["Never"]},
            [
                (
                    'spec.accessModes: Unsupported value: "Never": supported values: '
                    '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
                )
            ],
            id="mode",
        ),
        pytest.param(
            {"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]},
            ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
            id="one pod and one node",
        ),
        pytest.param(
            {"volumeMode": "Tape"},
            ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
            id="volume mode",
        ),
        pytest.param(
            {"dataSource": {"kind": "Pod", "name": "x"}},
            [
                (
                    'spec.dataSource: Invalid value: "Pod": '
                    "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
                )
            ],
            id="source",
        ),
        pytest.param(
            {"dataSource": SNAPSHOT, "dataSourceRef": {**SNAPSHOT, "name": "t"}},
            ['spec: Invalid value: "spec.dataSource": must match dataSourceRef'],
            id="two sources",
        ),
    ],
)
def test_validation(spec: dict[str, Any], errors: list[str]) -> None:
    """Every clause, in the words of ``ValidatePersistentVolumeClaim``."""
    assert [str(error) for error in validate_claim(claim(**spec))] == errors


BOUND = {"phase": "Bound", "capacity": {"storage": "1Gi"}}


@pytest.mark.parametrize(
    ("old", "new", "errors"),
    [
        pytest.param({}, {"volumeName": "disk"}, [], id="a volume, once"),
        pytest.param(
            {"volumeName": "disk"},
            {"volumeName": "other"},
            [f"{FIXED}spec.volumeName: 'disk' -> 'other'"],
            id="another volume",
        ),
        pytest.param({}, {"storageClassName": "fast"}, [], id="a class where there was none"),
        pytest.param(
            {"storageClassName": "fast"},
            {"storageClassName": "slow"},
            [f"{FIXED}spec.storageClassName: 'fast' -> 'slow'"],
            id="another class",
        ),
        pytest.param(
            {}, {"size": "2Gi"}, [f"{FIXED}spec.resources.requests.storage: '1Gi' -> '2Gi'"], id="size, unbound"
        ),
        pytest.param({"status": BOUND}, {"size": "2Gi", "status": BOUND}, [], id="larger"),
        pytest.param(
            {"size": "2Gi", "status": BOUND},
            {"size": "1Gi", "status": BOUND},
            ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"],
            id="smaller than it is",
        ),
        pytest.param({}, {"volumeAttributesClassName": "gold"}, [], id="attributes"),
    ],
)
def test_changes(old: dict[str, Any], new: dict[str, Any], errors: list[str]) -> None:
    """Nearly nothing of a spec may change, and what did is told."""
    found = validate_claim_update(claim(**new), claim(**old))
    assert [str(error) for error in found] == errors


def test_status() -> None:
    """Amounts are not negative, and only storage is allocated."""
    status = {
        "capacity": {"storage": "-1"},
        "allocatedResources": {"cpu": "1"},
        "allocatedResourceStatuses": {"storage": "Growing"},
    }
    states = (
        '"ControllerResizeFailed", "ControllerResizeInProgress", "NodeResizeFailed", "NodeResizeInProgress", '
        '"NodeResizePending"'
    )
    assert [str(error) for error in validate_claim_status_update(claim(status=status), claim())] == [
        'status.capacity[storage]: Invalid value: "-1": must be a valid resource quantity',
        f'status.allocatedResourceStatus: Unsupported value: "storage": supported values: {states}',
        'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
    ]
