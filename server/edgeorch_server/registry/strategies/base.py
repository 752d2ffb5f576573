"""What is special about one kind on its way into the store.

The write path is the same for every kind; a strategy fills in what differs, as Kubernetes' own strategies do
(``k8s.io/kubernetes/pkg/registry/*/strategy.go``). Methods change the object they are given and are
otherwise pure: what needs a look at other objects is admission.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Generic, TypeVar

from edgeorch.api.meta import DeleteOptions, Object
from edgeorch.api.validation import FieldError
from edgeorch_server.registry import deletion
from edgeorch_server.registry.deletion import Fate
from edgeorch_server.store.base import Durability

ObjectT = TypeVar("ObjectT", bound=Object)


class Strategy(Generic[ObjectT]):
    """The defaults suit a kind without status, generation and grace."""

    unconditional_update: ClassVar[bool] = True
    """Whether a PUT without a resourceVersion overwrites (``AllowUnconditionalUpdate``)."""
    create_on_update: ClassVar[bool] = False
    """Whether a PUT creates what is not there (``AllowCreateOnUpdate``)."""
    counts_generations: ClassVar[bool] = False
    """Whether ``metadata.generation`` counts the changes of the spec."""
    has_dependents: ClassVar[bool] = True
    """Whether other objects may be owned by one of this kind, so that propagation policies mean something."""
    orphans_dependents: ClassVar[bool] = False
    """Whether a delete that names no policy lets them live (``DefaultGarbageCollectionPolicy``)."""
    durability: ClassVar[Durability] = Durability.DURABLE
    """How writes of the object are stored."""
    status_durability: ClassVar[Durability] = Durability.DURABLE
    """How writes that change nothing but the status are stored."""

    def default(self, obj: ObjectT) -> None:
        """Fill in what the client left out; twice does no more than once."""

    def prepare_create(self, obj: ObjectT) -> None:
        """Set what a client may not set on creation: the status, mostly."""

    def prepare_update(self, new: ObjectT, old: ObjectT) -> None:
        """Put back what a client may not change: the status, mostly."""

    def prepare_status(self, new: ObjectT, old: ObjectT) -> None:
        """Put back all that a write of the status may not change."""

    def desired(self, obj: ObjectT) -> Any:
        """Give what a generation counts the changes of; a kind without spec says what it wants all over."""
        return getattr(obj, "spec", None) or obj.model_copy(update={"metadata": None})

    def validate(self, obj: ObjectT) -> list[FieldError]:
        """Check a new object."""
        raise NotImplementedError

    def validate_update(self, new: ObjectT, old: ObjectT) -> list[FieldError]:
        """Check a changed object."""
        raise NotImplementedError

    def validate_status(self, new: ObjectT, old: ObjectT) -> list[FieldError]:
        """Check a changed status."""
        return self.validate_update(new, old)

    def grace(self, obj: ObjectT, asked: int | None) -> int | None:  # noqa: ARG002 - for kinds that know grace
        """Seconds the object gets to end after a first delete; None for a kind that knows no grace."""
        return None

    def delete(self, obj: ObjectT, options: DeleteOptions, now: dt.datetime) -> Fate:
        """Mark an object for deletion and say whether it goes at once."""
        grace = self.grace(obj, deletion.requested_grace(options))
        return deletion.decide(
            obj, options, now, grace=grace, dependents=self.has_dependents, orphans=self.orphans_dependents
        )

    def may_go(self, obj: ObjectT) -> bool:
        """Whether an update that took the last finalizer of a deleted object removes it."""
        meta = obj.metadata
        return bool(meta.deletionTimestamp and not meta.finalizers and not meta.deletionGracePeriodSeconds)
