"""Validation of leases."""

from typing import Any

import pytest

from edgeorch.api.coordination.lease import Lease
from edgeorch.api.coordination.validation import validate_lease, validate_lease_update


def lease(**spec: Any) -> Lease:
    """Make a lease."""
    return Lease.from_dict({"metadata": {"name": "x", "namespace": "default"}, "spec": spec})


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        pytest.param({}, [], id="nobody's"),
        pytest.param(
            {"holderIdentity": "pi", "leaseDurationSeconds": 40, "leaseTransitions": 0}, [], id="held"
        ),
        pytest.param(
            {"leaseDurationSeconds": 0},
            ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"],
            id="no duration",
        ),
        pytest.param(
            {"leaseTransitions": -1},
            ["spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"],
            id="negative transitions",
        ),
    ],
)
def test_lease(spec: dict[str, Any], errors: list[str]) -> None:
    """Leases follow ``ValidateLeaseSpec``, when made and when changed."""
    assert [str(e) for e in validate_lease(lease(**spec))] == errors
    assert [str(e) for e in validate_lease_update(lease(**spec), lease())] == errors


def test_identity() -> None:
    """A lease keeps its name."""
    other = Lease.from_dict({"metadata": {"name": "y", "namespace": "default"}})
    assert [e.field for e in validate_lease_update(other, lease())] == ["metadata.name"]
