"""What the body of a custom resource says that its schema does not know."""

from __future__ import annotations

from typing import Any

from edgeorch.api import field_check
from edgeorch.api.custom.kind import CustomVersion
from edgeorch.api.custom.pruning import OBJECT_FIELDS, pruned
from edgeorch.api.field_check import FieldReport
from edgeorch.api.meta import Object


def check(version: CustomVersion, body: dict[str, Any]) -> FieldReport:
    """Compare a decoded body with its schema, and its metadata with what all objects have there.

    Types are not checked here, and nulls are left for the defaults to replace.
    """
    meta = field_check.check(Object, {name: body[name] for name in OBJECT_FIELDS & body.keys()})
    content = {name: value for name, value in body.items() if name not in OBJECT_FIELDS}
    kept, unknown = pruned(version.schema, content, is_object=False)
    return FieldReport({**meta.body, **kept}, (*meta.unknown, *unknown))
