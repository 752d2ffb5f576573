"""DefaultStorageClass and DefaultIngressClass: what names no class gets the default one, if there is one.

Of several defaults the newest counts, so that a new one can be set before the old one is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from edgeorch.api.core.persistent_volume_claim import BETA_CLASS, PersistentVolumeClaim
from edgeorch.api.meta import Object
from edgeorch.api.networking.ingress import CLASS_ANNOTATION, DEFAULT_CLASS, Ingress
from edgeorch.api.networking.resources import INGRESS_CLASSES
from edgeorch.api.storage import storage_class
from edgeorch.api.storage.resources import STORAGE_CLASSES
from edgeorch_server.registry.admission.base import Attributes, Lookup, Operation

ClassT = TypeVar("ClassT", bound=Object)

_STORAGE_DEFAULTS = (storage_class.DEFAULT_CLASS, storage_class.BETA_DEFAULT_CLASS)


class DefaultStorageClass:
    """Completes new claims; ``storageClassName: ""`` asks for no class at all, and gets none."""

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects

    def admit(self, write: Attributes) -> None:
        """Set the class."""
        claim = write.obj
        if write.operation is not Operation.CREATE or not isinstance(claim, PersistentVolumeClaim):
            return
        if claim.spec.storageClassName is None and BETA_CLASS not in claim.metadata.annotations:
            found = newest_default(self._objects.list(STORAGE_CLASSES, ""), _STORAGE_DEFAULTS)
            claim.spec.storageClassName = found.metadata.name if found else None


class DefaultIngressClass:
    """Completes new Ingresses, but for those that name a class in the annotation of old."""

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects

    def admit(self, write: Attributes) -> None:
        """Set the class."""
        ingress = write.obj
        if write.operation is not Operation.CREATE or not isinstance(ingress, Ingress):
            return
        if ingress.spec.ingressClassName is None and CLASS_ANNOTATION not in ingress.metadata.annotations:
            found = newest_default(self._objects.list(INGRESS_CLASSES, ""), (DEFAULT_CLASS,))
            ingress.spec.ingressClassName = found.metadata.name if found else None


def newest_default(classes: Iterable[ClassT], annotations: Iterable[str]) -> ClassT | None:
    """Choose among those that carry one of the annotations: the newest, and of these the first by name."""
    marked = [
        one for one in classes if any(one.metadata.annotations.get(name) == "true" for name in annotations)
    ]
    newest = max((one.metadata.creationTimestamp or "" for one in marked), default="")
    last = [one for one in marked if (one.metadata.creationTimestamp or "") == newest]
    return min(last, key=lambda one: one.metadata.name, default=None)
