"""Storage classes: defaults and validation."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.storage.storage_class import StorageClass
from edgeorch.api.storage.validation import (
    default_storage_class,
    validate_storage_class,
    validate_storage_class_update,
)


def storage_class(**content: Any) -> StorageClass:
    made = StorageClass.from_dict({"metadata": {"name": "fast"}, "provisioner": "a.io/disks", **content})
    default_storage_class(made)
    return made


def test_defaults() -> None:
    """Volumes go with their claims, and are bound at once."""
    made = storage_class()
    assert (made.reclaimPolicy, made.volumeBindingMode) == ("Delete", "Immediate")


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param({"provisioner": ""}, ["provisioner: Required value"], id="nobody"),
        pytest.param(
            {"reclaimPolicy": "Recycle"},
            ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
            id="policy",
        ),
        pytest.param(
            {"volumeBindingMode": "Later"},
            [
                (
                    'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", '
                    '"WaitForFirstConsumer"'
                )
            ],
            id="mode",
        ),
        pytest.param(
            {"parameters": {"": "x"}},
            ['parameters: Invalid value: "": field can not be empty.'],
            id="parameter",
        ),
        pytest.param(
            {"allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": []}]}]},
            ["allowedTopologies[0].matchLabelExpressions[0].values: Required value"],
            id="nowhere",
        ),
    ],
)
def test_validation(content: dict[str, Any], errors: list[str]) -> None:
    """Each clause of ``ValidateStorageClass``, in Kubernetes' words."""
    assert [str(error) for error in validate_storage_class(storage_class(**content))] == errors


def test_what_claims_rely_on_stays() -> None:
    """Whoever makes the volumes goes on doing so, with the same settings."""
    new = storage_class(provisioner="b.io/x", parameters={"a": "b"}, reclaimPolicy="Retain")
    assert [str(error) for error in validate_storage_class_update(new, storage_class())] == [
        "parameters: Forbidden: updates to parameters are forbidden.",
        "provisioner: Forbidden: updates to provisioner are forbidden.",
        "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
    ]
