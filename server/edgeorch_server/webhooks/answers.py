"""What a webhook answers: read with suspicion (``VerifyAdmissionResponse``)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from edgeorch_server.registry.messages import quote
from edgeorch_server.webhooks.failures import CallFailed

GROUP = "admission.k8s.io"
_REVIEW = "AdmissionReview"
_JSON_PATCH = "JSONPatch"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook said."""

    allowed: bool
    status: dict[str, Any] | None = None
    """Why not."""
    patch: list[Any] = field(default_factory=list)
    """Operations of a JSON patch; empty changes nothing."""
    warnings: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    """For the audit log."""


def read_answer(data: bytes, uid: str, version: str, *, mutating: bool) -> Answer:
    """Read an answer to a review in this version (``v1``, ``v1beta1``); raises CallFailed."""
    try:
        review = orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        raise CallFailed(f"failed to call webhook: {exc}") from exc
    response = review.get("response") if isinstance(review, dict) else None
    if not isinstance(response, dict):
        raise _invalid("webhook response was absent")
    if version == "v1":
        _check_v1(review, response, uid)
    patch = _patch(response, version, mutating=mutating)
    status, warnings = response.get("status"), response.get("warnings")
    annotations = response.get("auditAnnotations")
    return Answer(
        allowed=response.get("allowed") is True,
        status=_checked_status(status) if isinstance(status, dict) else None,
        patch=patch,
        warnings=tuple(map(str, warnings)) if isinstance(warnings, list) else (),
        annotations=_texts(annotations) if isinstance(annotations, dict) else {},
    )


def _check_v1(review: Mapping[str, Any], response: Mapping[str, Any], uid: str) -> None:
    if response.get("uid") != uid:
        raise _invalid(f"expected response.uid={quote(uid)}, got {quote(str(response.get('uid') or ''))}")
    api_version, kind = review.get("apiVersion"), review.get("kind")
    if (api_version, kind) != (f"{GROUP}/v1", _REVIEW):
        group_version = str(api_version or "")
        group_version = group_version if "/" in group_version else f"/{group_version}"
        raise _invalid(
            f"expected webhook response of {GROUP}/v1, Kind={_REVIEW}, got {group_version}, Kind={kind or ''}"
        )


def _patch(response: Mapping[str, Any], version: str, *, mutating: bool) -> list[Any]:
    patch, patch_type = response.get("patch"), response.get("patchType")
    if version == "v1":
        if not mutating:
            if patch:
                raise _invalid("validating webhook may not return response.patch")
            if patch_type is not None:
                raise _invalid("validating webhook may not return response.patchType")
        elif patch and patch_type is None:
            raise _invalid("webhook returned response.patch but not response.patchType")
        elif patch_type is not None and not patch:
            raise _invalid("webhook returned response.patchType but not response.patch")
        elif patch and patch_type != _JSON_PATCH:
            raise CallFailed(f"unsupported patch type {quote(str(patch_type))}")
    if not patch or not mutating:
        return []
    try:
        operations = orjson.loads(base64.b64decode(patch, validate=True))
    except (TypeError, binascii.Error, ValueError) as exc:
        raise CallFailed(f"received undecodable patch in webhook response: {exc}") from exc
    if not isinstance(operations, list):
        raise CallFailed("received undecodable patch in webhook response: it is no list of operations")
    return operations


def _checked_status(status: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what is of the right type: a Status goes on to clients that rely on it."""
    types: dict[str, type] = {"status": str, "message": str, "reason": str, "details": dict, "code": int}
    return {name: status[name] for name, known in types.items() if isinstance(status.get(name), known)}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _invalid(why: str) -> CallFailed:
    return CallFailed(f"received invalid webhook response: {why}")
