"""Runtime classes: validation."""

from __future__ import annotations

from edgeorch.api.node.runtime_class import RuntimeClass
from edgeorch.api.node.validation import validate_runtime_class, validate_runtime_class_update


def test_validation() -> None:
    """A handler has a DNS name, costs are not negative, and the handler stays."""
    good = RuntimeClass.from_dict({"metadata": {"name": "a"}, "handler": "runc"})
    assert validate_runtime_class(good) == []
    costs = {"podFixed": {"memory": "-1"}}
    wrong = RuntimeClass.from_dict({"metadata": {"name": "a"}, "handler": "Runc", "overhead": costs})
    errors = [str(error) for error in validate_runtime_class(wrong)]
    assert errors[0].startswith('handler: Invalid value: "Runc": ')
    assert errors[1:] == ['overhead.podFixed[memory]: Invalid value: "-1": must be greater than or equal to 0']
    assert [str(error) for error in validate_runtime_class_update(wrong, good)] == [
        'handler: Invalid value: "Runc": field is immutable'
    ]
