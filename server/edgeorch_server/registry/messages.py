"""Refusals in Kubernetes' own words: what ``k8s.io/apimachinery/pkg/api/errors`` builds.

kubectl prints these sentences and clients compare them, so each is written once, here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from edgeorch.api import validation
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.validation import FieldError
from edgeorch.errors import (
    AlreadyExists,
    BadRequest,
    Cause,
    Conflict,
    Expired,
    Forbidden,
    GatewayTimeout,
    InternalError,
    Invalid,
    NotFound,
)

AnyResource = ResourceInfo[Object]

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
"""``OptimisticLockErrorMsg`` of the generic registry."""


def not_found(resource: AnyResource, name: str) -> NotFound:
    """``pods "x" not found``."""
    return NotFound(
        f"{resource.group_resource} {quote(name)} not found",
        group=resource.group,
        kind=resource.plural,
        name=name,
    )


def already_exists(resource: AnyResource, name: str, *, being_deleted: bool = False) -> AlreadyExists:
    """``pods "x" already exists``; an object on its way out says so."""
    prefix = "object is being deleted: " if being_deleted else ""
    return AlreadyExists(
        f"{prefix}{resource.group_resource} {quote(name)} already exists",
        group=resource.group,
        kind=resource.plural,
        name=name,
    )


def no_unique_name(resource: AnyResource, name: str) -> AlreadyExists:
    """Every name tried for a ``generateName`` was taken; the client may try again in a second."""
    return AlreadyExists(
        f"{resource.group_resource} {quote(name)} already exists, "
        "the server was not able to generate a unique name for the object",
        group=resource.group,
        kind=resource.plural,
        name=name,
        retry_after=1,
    )


def conflict(resource: AnyResource, name: str, why: str = MODIFIED, *, subject: str = "") -> Conflict:
    """``Operation cannot be fulfilled on pods "x": ...``.

    ``subject`` replaces the resource where Kubernetes names something else: ``pods/binding``, or the kind
    where a precondition of a delete fails.
    """
    named = subject or resource.plural
    full = f"{named}.{resource.group}" if resource.group else named
    return Conflict(
        f"Operation cannot be fulfilled on {full} {quote(name)}: {why}",
        group=resource.group,
        kind=named,
        name=name,
    )


def forbidden(resource: AnyResource, name: str, why: str, *, causes: tuple[Cause, ...] = ()) -> Forbidden:
    """``pods "x" is forbidden: ...``."""
    about = f"{resource.group_resource} {quote(name)}" if name else resource.group_resource
    return Forbidden(
        f"{about} is forbidden: {why}", group=resource.group, kind=resource.plural, name=name, causes=causes
    )


def invalid(resource: AnyResource, name: str, errors: Sequence[FieldError]) -> Invalid:
    """``Pod "x" is invalid: spec.containers[0].image: Required value``."""
    return validation.invalid(resource.kind, name, errors, group=resource.group)


def invalid_options(kind: str, errors: Sequence[FieldError]) -> Invalid:
    """``DeleteOptions.meta.k8s.io "" is invalid: ...``."""
    return validation.invalid(kind, "", errors, group="meta.k8s.io")


def bad_patch(patched: str, why: str) -> Invalid:
    """Refuse a patch whose result is no object of its kind; Kubernetes names neither kind nor name."""
    return validation.invalid("", "", [validation.bad("patch", patched, why)])


def version_required(resource: AnyResource, name: str) -> Invalid:
    """Refuse an update that does not say which version it replaces, of a kind that wants to know.

    Kubernetes puts the resource where the kind belongs, and the number 0 where nothing was given.
    """
    error = validation.bad("metadata.resourceVersion", 0, "must be specified for an update")
    return validation.invalid(resource.plural, name, [error], group=resource.group)


def not_served() -> NotFound:
    """Answer for a kind or subresource that is not served."""
    return NotFound("the server could not find the requested resource")


def unreadable(resource: AnyResource, name: str, why: str) -> InternalError:
    """Tell that stored bytes are no object of this kind any more, and how to get rid of them."""
    return InternalError(
        f"the stored {resource.group_resource} {quote(name)} cannot be read: {why}; "
        "delete it with a grace period of 0 seconds, or restore it from a backup",
        group=resource.group,
        kind=resource.plural,
        name=name,
    )


def too_large_resource_version(wanted: int, current: int) -> GatewayTimeout:
    """Tell that the client knows a future that this store has not seen (``NewTooLargeResourceVersion``)."""
    return GatewayTimeout(
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        causes=(Cause("ResourceVersionTooLarge", "Too large resource version"),),
        retry_after=1,
    )


def list_expired() -> Expired:
    """Answer a list at an exact revision that is no longer held."""
    return Expired("The resourceVersion for the provided list is too old.")


def continue_expired(inconsistent: str) -> Expired:
    """Answer a token whose list cannot go on as it began, with one that goes on as things are now."""
    return Expired(
        "The provided continue parameter is too old to display a consistent list result. "
        "You can start a new list without the continue parameter, or use the continue token in this response "
        "to retrieve the remainder of the results. Continuing with the provided token results in an "
        "inconsistent list - objects that were created, modified, or deleted between the time the first chunk "
        "was returned and now may show up in the list.",
        continue_=inconsistent,
    )


def bad_continue(why: str) -> BadRequest:
    """``invalid continue token: continue key is not valid: ...``."""
    return BadRequest(f"invalid continue token: continue key is not valid: {why}")


def cannot_be_handled(resource: AnyResource, kind: str, version: str, why: str) -> BadRequest:
    """``Pod in version "v1" cannot be handled as a Pod: ...`` (``transformDecodeError``)."""
    return BadRequest(f"{kind} in version {quote(version)} cannot be handled as a {resource.kind}: {why}")


def quote(text: str) -> str:
    """Quote as Go's ``%q`` does, as far as names and values need it."""
    return json.dumps(text, ensure_ascii=False)
