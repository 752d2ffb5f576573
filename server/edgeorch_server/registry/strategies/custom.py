"""Custom resources (``apiextensions-apiserver/pkg/registry/customresource/strategy.go``)."""

from __future__ import annotations

from typing import Any, ClassVar

from edgeorch.api.custom import checking
from edgeorch.api.custom.kind import CustomObject, CustomVersion
from edgeorch.api.custom.ratcheting import NOTHING, Before
from edgeorch.api.meta_validation import validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError, Path
from edgeorch_server.registry.strategies.base import Strategy

_STATUS = "status"


class CustomStrategy(Strategy[CustomObject]):
    """One version of a kind: its schema fills in and checks."""

    unconditional_update: ClassVar[bool] = False
    counts_generations: ClassVar[bool] = True

    def __init__(self, version: CustomVersion, *, namespaced: bool) -> None:
        self._version = version
        self._namespaced = namespaced

    def default(self, obj: CustomObject) -> None:
        """Fill in the defaults of the schema."""
        self._version.complete(obj.content)

    def prepare_create(self, obj: CustomObject) -> None:
        """Leave the status to its own subresource, if there is one."""
        if self._version.has_status:
            obj.content.pop(_STATUS, None)

    def prepare_update(self, new: CustomObject, old: CustomObject) -> None:
        """Leave the status to its own subresource, if there is one."""
        if self._version.has_status:
            _take(new.content, _STATUS, old.content)

    def prepare_status(self, new: CustomObject, old: CustomObject) -> None:
        """Take the status, and nothing else of it but who manages it; not even labels, as other kinds do."""
        content = dict(old.content)
        _take(content, _STATUS, new.content)
        managers = {"managedFields": new.metadata.managedFields}
        new.metadata = old.metadata.model_copy(update=managers)
        new.content.clear()
        new.content.update(content)

    def desired(self, obj: CustomObject) -> Any:
        """Count the changes of all but the metadata, and a status that has its own subresource."""
        left_out = {_STATUS} if self._version.has_status else set[str]()
        return {name: value for name, value in obj.content.items() if name not in left_out}

    def validate(self, obj: CustomObject) -> list[FieldError]:
        """Check a new object."""
        errors = validate_meta(obj.metadata, namespaced=self._namespaced, any_finalizer=True)
        return errors + self._check(obj)

    def validate_update(self, new: CustomObject, old: CustomObject) -> list[FieldError]:
        """Check a changed object; what was wrong before and has not changed may stay."""
        errors = validate_meta_update(new.metadata, old.metadata, any_finalizer=True)
        return errors + self._check(new, Before(old.content))

    def _check(self, obj: CustomObject, before: Before = NOTHING) -> list[FieldError]:
        return checking.check(self._version.schema, obj.content, Path(), before)


def _take(content: dict[str, Any], name: str, other: dict[str, Any]) -> None:
    """Make a member what it is elsewhere."""
    content.pop(name, None)
    if name in other:
        content[name] = other[name]
