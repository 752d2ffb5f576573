"""From decoded JSON to a typed object: field validation, then the model.

Unknown fields are refused (Strict), told in a warning and dropped (Warn), or dropped (Ignore), as the client
asked; fields that Kubernetes knows and edgeorch does not act on are kept and told. A kind or version other
than the resource's is refused in the words of the API server's handlers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import orjson

from edgeorch.api import field_check, type_errors
from edgeorch.api.custom import fields as custom_fields
from edgeorch.api.custom.kind import CustomObject
from edgeorch.api.field_check import FieldReport
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import ApiError, BadRequest
from edgeorch_server.registry import messages
from edgeorch_server.registry.base import WriteOptions

ObjectT = TypeVar("ObjectT", bound=Object)

Refuse = Callable[[str], ApiError]
"""Words the refusal of a body: bodies and patches are refused in different ways."""


def decode_body(
    resource: ResourceInfo[ObjectT],
    body: dict[str, Any],
    options: WriteOptions,
    *,
    stored: bytes | None = None,
) -> ObjectT:
    """Check and type the body of a POST or PUT; raises BadRequest.

    ``stored`` is what the object is now: fields without effect that stand there already are old news.
    """
    _check_type(resource, body)
    return decode_foreign(resource.model, body, resource.api_version, resource.kind, options, stored=stored)


def decode_foreign(
    model: type[ObjectT],
    body: dict[str, Any],
    api_version: str,
    kind: str,
    options: WriteOptions,
    *,
    stored: bytes | None = None,
) -> ObjectT:
    """Do the same for a body that is not the resource's own: a Binding, an Eviction."""
    cleaned = check_fields(
        model,
        body,
        options,
        lambda problem: type_errors.cannot_handle(problem, api_version=api_version, kind=kind),
        stored=stored,
        whole=True,
    )
    return type_errors.to_model(model, cleaned, api_version=api_version, kind=kind)


def check_fields(
    model: type[Object],
    body: dict[str, Any],
    options: WriteOptions,
    refuse: Refuse,
    *,
    stored: bytes | None = None,
    whole: bool = False,
) -> dict[str, Any]:
    """Apply ``fieldValidation`` and give the body without what the model does not know.

    ``whole`` is set for a body that came as it is; else it is the result of a patch.
    """
    report = _report(model, body)
    problems: list[str] = []
    if report.unknown or options.body_problems:
        problems = (
            field_check.in_document_order(body, options.body_problems, report.unknown)
            if whole
            else [*options.body_problems, *field_check.sorted_unknown(report.unknown)]
        )
    if problems and options.field_validation == "Strict":
        # a value of the wrong type ends decoding, so in Kubernetes it is all that is said
        raise refuse(type_errors.type_problem(model, report.body) or type_errors.strict_error(problems))
    if options.field_validation == "Warn":
        options.warnings.extend(problems)
    if report.without_effect:
        known = _without_effect(model, stored) if stored else frozenset()
        news = (field for field in report.without_effect if field.path not in known)
        options.warnings.extend(field_check.sentences(news))
    return report.body


def _report(model: type[Object], body: dict[str, Any]) -> FieldReport:
    if issubclass(model, CustomObject):
        return custom_fields.check(model.version, body)
    return field_check.check(model, body)


def _without_effect(model: type[Object], stored: bytes) -> frozenset[str]:
    report = _report(model, orjson.loads(stored))
    return frozenset(field.path for field in report.without_effect)


def _check_type(resource: ResourceInfo[Object], body: dict[str, Any]) -> None:
    """Refuse another kind; absent members mean the resource's own."""
    api_version, kind = body.get("apiVersion"), body.get("kind")
    if isinstance(api_version, str) and api_version not in {"", resource.api_version}:
        raise BadRequest(
            f"the API version in the data ({api_version}) does not match "
            f"the expected API version ({resource.api_version})"
        )
    if isinstance(kind, str) and kind not in {"", resource.kind}:
        raise messages.cannot_be_handled(
            resource,
            kind,
            resource.version,
            f"converting (v1.{kind}) to (v1.{resource.kind}): unknown conversion",
        )
