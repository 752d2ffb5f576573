"""Validation of events and bindings."""

from __future__ import annotations

from edgeorch.api.core.binding import Binding
from edgeorch.api.core.event import Event
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta_validation import immutable, validate_meta, validate_meta_update
from edgeorch.api.validation import FieldError, Path, bad, not_supported, required

_NO_NAMESPACE = ("", "default")
_NO_NAMESPACE_NEW = ("default", "kube-system")
_MAX_NAME = 128
_MAX_MESSAGE = 1024


def validate_event(event: Event) -> list[FieldError]:
    """Check an event (``ValidateEventCreate``).

    Events of events.k8s.io, which have an ``eventTime``, are checked more strictly than the old ones.
    """
    # An event's name is its object's with a suffix, and objects may be called what they want.
    errors = validate_meta(event.metadata, namespaced=True, name_rule=lambda _: [])
    where, namespace = Path("involvedObject").child("namespace"), event.involvedObject.namespace
    homes = _NO_NAMESPACE if event.eventTime is None else _NO_NAMESPACE_NEW
    if event.metadata.namespace not in (homes if not namespace else (namespace,)):
        errors.append(bad(where, namespace, "does not match event.namespace"))
    return errors if event.eventTime is None else errors + _validate_new_event(event)


def validate_event_update(new: Event, old: Event) -> list[FieldError]:
    """Check a change of an event (``ValidateEventUpdate``)."""
    errors = validate_meta_update(new.metadata, old.metadata)
    errors += immutable(Path("involvedObject"), new.involvedObject.to_dict(), old.involvedObject.to_dict())
    return errors if new.eventTime is None else errors + _validate_new_event(new)


def _validate_new_event(event: Event) -> list[FieldError]:
    errors: list[FieldError] = []
    component = Path("reportingComponent")
    if not event.reportingComponent:
        errors.append(required(component))
    else:
        problems = qualified_name_problems(event.reportingComponent)
        errors += [bad(component, event.reportingComponent, p) for p in problems]
    for name in ("reportingInstance", "action", "reason"):
        text = getattr(event, name)
        if not text:
            errors.append(required(Path(name)))
        elif len(text) > _MAX_NAME:
            errors.append(bad(Path(name), "", f"can have at most {_MAX_NAME} characters"))
    if len(event.message) > _MAX_MESSAGE:
        errors.append(bad(Path("message"), "", f"can have at most {_MAX_MESSAGE} characters"))
    return errors


def validate_binding(binding: Binding) -> list[FieldError]:
    """Check what a scheduler posts (``ValidatePodBinding``)."""
    errors: list[FieldError] = []
    target = Path("target")
    if binding.target.kind not in {"", "Node"}:
        errors.append(not_supported(target.child("kind"), binding.target.kind, ("Node", "<empty>")))
    if not binding.target.name:
        errors.append(required(target.child("name")))
    return errors
