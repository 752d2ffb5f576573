"""How often the template of a DaemonSet has changed: an annotation, and a label of its pods.

Older API versions had a field for it; apps/v1 makes it an annotation (``pkg/apis/apps/v1/conversion.go``).
Tools still read it: to know pods of the present template, or to find the revision to go back to.
"""

from __future__ import annotations

from edgeorch.api.integers import parse_int64
from edgeorch.api.meta import ObjectMeta

ANNOTATION = "deprecated.daemonset.template.generation"
LABEL = "pod-template-generation"
"""Label of a pod: the generation of the template it was made from."""


def generation_of(meta: ObjectMeta) -> int | None:
    """Read the annotation; None where there is none, or no number."""
    return parse_int64(meta.annotations.get(ANNOTATION, ""))


def begin(meta: ObjectMeta) -> None:
    """Count from 1, or from where a new DaemonSet says that it goes on (``PrepareForCreate``)."""
    _set(meta, max(1, generation_of(meta) or 1))


def go_on(meta: ObjectMeta, old: ObjectMeta, *, changed: bool) -> None:
    """Count a change of the template; what a client writes there means nothing now (``PrepareForUpdate``).

    A DaemonSet that was stored before edgeorch counted is at 1.
    """
    _set(meta, (generation_of(old) or 1) + changed)


def keep(meta: ObjectMeta, old: ObjectMeta) -> None:
    """Put back what a write of the status cannot change either."""
    annotations = {key: value for key, value in meta.annotations.items() if key != ANNOTATION}
    if ANNOTATION in old.annotations:
        annotations[ANNOTATION] = old.annotations[ANNOTATION]
    meta.annotations = annotations


def _set(meta: ObjectMeta, generation: int) -> None:
    meta.annotations = {**meta.annotations, ANNOTATION: str(generation)}
