"""Findings of validation and the answer they make."""

from typing import Any

import pytest

from edgeorch.api.core.scheduling import Taint
from edgeorch.api.validation import (
    FieldError,
    Path,
    bad,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
    too_long,
)

IMAGE = Path("spec").child("containers").at(0).child("image")


def test_path() -> None:
    """A path is written as Kubernetes writes it."""
    assert Path("metadata").child("annotations").key("a/b") == "metadata.annotations[a/b]"
    assert IMAGE == "spec.containers[0].image"
    assert Path().child("spec", "os", "name") == "spec.os.name"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(required("a"), "a: Required value", id="required"),
        pytest.param(required("a", "say why"), "a: Required value: say why", id="required with a reason"),
        pytest.param(bad("a", "x y", "no"), 'a: Invalid value: "x y": no', id="string is quoted"),
        pytest.param(bad("a", 70000, "no"), "a: Invalid value: 70000: no", id="number"),
        pytest.param(bad("a", value=True, detail="no"), "a: Invalid value: true: no", id="bool"),
        pytest.param(bad("a", None, "no"), "a: Invalid value: null: no", id="nil"),
        pytest.param(bad("a", ["x", "y"], "no"), 'a: Invalid value: ["x","y"]: no', id="list"),
        pytest.param(
            bad("a", Taint(key="k", effect="NoSchedule"), "no"),
            'a: Invalid value: {"key":"k","effect":"NoSchedule"}: no',
            id="object",
        ),
        pytest.param(duplicate("a", "x"), 'a: Duplicate value: "x"', id="duplicate"),
        pytest.param(not_found("a", "x"), 'a: Not found: "x"', id="not found"),
        pytest.param(
            not_supported("a", "x", ("b", "c")),
            'a: Unsupported value: "x": supported values: "b", "c"',
            id="not supported",
        ),
        pytest.param(not_supported("a", "x", ()), 'a: Unsupported value: "x"', id="not supported at all"),
        pytest.param(forbidden("a", "not now"), "a: Forbidden: not now", id="forbidden"),
        pytest.param(too_long("a", 1), "a: Too long: may not be more than 1 byte", id="one byte"),
        pytest.param(too_long("a", 63), "a: Too long: may not be more than 63 bytes", id="bytes"),
    ],
)
def test_text(error: FieldError, text: str) -> None:
    """A finding reads as ``field.Error`` does."""
    assert str(error) == text


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        pytest.param([], 'Pod "x" is invalid', id="none"),
        pytest.param([required("a")], 'Pod "x" is invalid: a: Required value', id="one"),
        pytest.param(
            [required("a"), required("b")],
            'Pod "x" is invalid: [a: Required value, b: Required value]',
            id="several",
        ),
        pytest.param(
            [required("a"), required("a")], 'Pod "x" is invalid: a: Required value', id="the same twice"
        ),
    ],
)
def test_message(errors: list[FieldError], message: str) -> None:
    """One finding stands alone, several in brackets, the same one once (``NewInvalid``)."""
    assert invalid("Pod", "x", errors).message == message


def test_status() -> None:
    """The answer is 422 with a cause per finding, about the kind and not the plural."""
    status: dict[str, Any] = invalid(
        "Lease", "x", [bad("spec.a", 0, "no")], group="coordination.k8s.io"
    ).to_status()
    assert status["code"] == 422
    assert status["reason"] == "Invalid"
    assert status["message"] == 'Lease.coordination.k8s.io "x" is invalid: spec.a: Invalid value: 0: no'
    assert status["details"] == {
        "name": "x",
        "group": "coordination.k8s.io",
        "kind": "Lease",
        "causes": [{"reason": "FieldValueInvalid", "message": "Invalid value: 0: no", "field": "spec.a"}],
    }
