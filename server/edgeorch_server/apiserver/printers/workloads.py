"""Workload controllers and their scale: ``printReplicaSet`` and its like."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from edgeorch.api.meta import LabelSelector
from edgeorch.api.selectors import Selector
from edgeorch_server.apiserver.printers.columns import (
    AGE,
    NAME,
    NONE,
    Column,
    JsonObject,
    Printer,
    age_of,
    name_of,
)

_CONTAINERS = Column("Containers", "Names of the containers of the template.", priority=1)
_IMAGES = Column("Images", "Images of the containers of the template.", priority=1)
_SELECTOR = Column("Selector", "Which pods belong to it.", priority=1)
TEMPLATE = (_CONTAINERS, _IMAGES, _SELECTOR)


def _number(name: str, description: str) -> Column:
    return Column(name, description, type="integer")


def _parts(body: JsonObject) -> tuple[JsonObject, JsonObject]:
    return body.get("spec") or {}, body.get("status") or {}


def template_cells(spec: JsonObject) -> list[Any]:
    """Give names and images of the containers of the template."""
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    return [
        ",".join(container.get("name") or "" for container in containers),
        ",".join(container.get("image") or "" for container in containers),
    ]


def label_selector(spec: JsonObject) -> str:
    """Write a LabelSelector as one writes it in a query (``metav1.FormatLabelSelector``)."""
    selector = spec.get("selector")
    parsed = Selector.of(LabelSelector.from_dict(selector) if selector is not None else None)
    return str(parsed) or NONE


def _labels(labels: Mapping[str, str] | None) -> str:
    """Write a map of labels (``labels.FormatLabels``)."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def _counts(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = _parts(body)
    return [
        name_of(body),
        spec.get("replicas") or 0,
        status.get("replicas") or 0,
        status.get("readyReplicas") or 0,
        age_of(body, now),
        *template_cells(spec),
    ]


def _replication_controller(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [*_counts(body, now), _labels(_parts(body)[0].get("selector"))]


def _replica_set(body: JsonObject, now: dt.datetime) -> list[Any]:
    return [*_counts(body, now), label_selector(_parts(body)[0])]


def _deployment(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = _parts(body)
    return [
        name_of(body),
        f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}",
        status.get("updatedReplicas") or 0,
        status.get("availableReplicas") or 0,
        age_of(body, now),
        *template_cells(spec),
        label_selector(spec),
    ]


def _stateful_set(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = _parts(body)
    ready = f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}"
    return [name_of(body), ready, age_of(body, now), *template_cells(spec)]


def _daemon_set(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = _parts(body)
    return [
        name_of(body),
        status.get("desiredNumberScheduled") or 0,
        status.get("currentNumberScheduled") or 0,
        status.get("numberReady") or 0,
        status.get("updatedNumberScheduled") or 0,
        status.get("numberAvailable") or 0,
        _labels(((spec.get("template") or {}).get("spec") or {}).get("nodeSelector")),
        age_of(body, now),
        *template_cells(spec),
        label_selector(spec),
    ]


def _controller_revision(body: JsonObject, now: dt.datetime) -> list[Any]:
    owners = (body.get("metadata") or {}).get("ownerReferences") or ()
    manager = next((owner for owner in owners if owner.get("controller")), None)
    return [name_of(body), _reference(manager), body.get("revision") or 0, age_of(body, now)]


def _pod_template(body: JsonObject, _now: dt.datetime) -> list[Any]:
    template = body.get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or ()
    return [
        name_of(body),
        ",".join(str(container.get("name")) for container in containers),
        ",".join(str(container.get("image")) for container in containers),
        _labels((template.get("metadata") or {}).get("labels")),
    ]


def _reference(owner: JsonObject | None) -> str:
    """Write an owner as ``daemonset.apps/web``."""
    if owner is None:
        return NONE
    group, slash, _ = (owner.get("apiVersion") or "").partition("/")
    kind = (owner.get("kind") or "").lower()
    return f"{kind}.{group}/{owner.get('name')}" if slash else f"{kind}/{owner.get('name')}"


def _scale(body: JsonObject, now: dt.datetime) -> list[Any]:
    spec, status = _parts(body)
    return [name_of(body), spec.get("replicas") or 0, status.get("replicas") or 0, age_of(body, now)]


_COUNTS = (
    NAME,
    _number("Desired", "How many pods are wanted."),
    _number("Current", "How many pods there are."),
    _number("Ready", "How many of them are ready."),
    AGE,
    *TEMPLATE,
)
REPLICA_SETS = Printer(_COUNTS, _replica_set)
POD_TEMPLATES = Printer(
    (
        NAME,
        Column("Containers", "Names of its containers."),
        Column("Images", "Their images."),
        Column("Pod Labels", "Labels of pods of it."),
    ),
    _pod_template,
)
REPLICATION_CONTROLLERS = Printer(_COUNTS, _replication_controller)
DEPLOYMENTS = Printer(
    (
        NAME,
        Column("Ready", "How many of the pods wanted are ready."),
        _number("Up-to-date", "How many pods there are of the present template."),
        _number("Available", "How many pods have been ready for long enough."),
        AGE,
        *TEMPLATE,
    ),
    _deployment,
)
STATEFUL_SETS = Printer(
    (
        NAME,
        Column("Ready", "How many of the pods wanted are ready."),
        AGE,
        _CONTAINERS,
        _IMAGES,
    ),
    _stateful_set,
)
SCALES = Printer(
    (
        NAME,
        _number("Desired", "How many pods are wanted."),
        _number("Available", "How many pods there are."),
        AGE,
    ),
    _scale,
)
DAEMON_SETS = Printer(
    (
        NAME,
        _number("Desired", "On how many nodes there should be a pod."),
        _number("Current", "On how many of them there is one."),
        _number("Ready", "On how many of them it is ready."),
        _number("Up-to-date", "On how many of them it is of the present template."),
        _number("Available", "On how many of them it has been ready for long enough."),
        Column("Node Selector", "Labels a node must have."),
        AGE,
        *TEMPLATE,
    ),
    _daemon_set,
)
CONTROLLER_REVISIONS = Printer(
    (
        NAME,
        Column("Controller", "Whose template it was."),
        _number("Revision", "Which of its templates."),
        AGE,
    ),
    _controller_revision,
)
