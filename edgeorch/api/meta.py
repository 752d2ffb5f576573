"""meta/v1: what every Kubernetes object carries, and the base of all our models.

The conventions of every model in ``edgeorch.api``:

* Attribute names are the wire names. Python's keywords get a trailing underscore and an alias
  (``continue_``).
* A field's default is Go's zero value and a field equal to its default is not sent, which is what Go's
  ``omitempty`` does: ``""``, ``0``, ``False``, ``[]``, ``{}`` for plain fields, ``None`` for what is a
  pointer in Go and must tell "absent" from "zero" (``replicas: int | None = None``). Fields that
  Kubernetes always sends (``restartCount``) have no default.
* The docstring under a field documents it (``kubectl explain`` reads it); it costs nothing at run time,
  because Python drops bare strings, and ``edgeorch.api.fielddocs`` finds it in the source when asked.
* Models are strict: a bool is no string and a string is no number, as in Kubernetes' decoder.
* On the wire unknown fields are ignored; the API server finds them with ``edgeorch.api.schema``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from edgeorch.api.schema import ObjectSchema


@dataclass(frozen=True, slots=True)
class MergeKey:
    """Strategic merge: lists of this field are merged by this key (``patchStrategy: merge``)."""

    key: str
    """The ``patchMergeKey``; empty for lists of primitives, which merge as sets."""
    retain_keys: bool = False
    """``patchStrategy: retainKeys`` as well (a volume's source, a deployment's strategy)."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Strategic merge: a patch has all of this object, and replaces it (``patchStrategy: replace``)."""


@dataclass(frozen=True, slots=True)
class ListKeys:
    """Server-side apply: ``x-kubernetes-list-type: map`` with these keys; no keys means ``set``."""

    keys: tuple[str, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    """What a key is where an item leaves it out (a port's protocol)."""


@dataclass(frozen=True, slots=True)
class Atomic:
    """Server-side apply: ``x-kubernetes-map-type: atomic``; this field has one owner as a whole.

    A model whose every use is atomic says so itself (:attr:`Model.atomic`).
    """


@dataclass(frozen=True, slots=True)
class Mandatory:
    """Kubernetes calls the field required; what is missing is found by validation, not by decoding."""


AnyT = TypeVar("AnyT")
Required = Annotated[AnyT, Mandatory()]
"""The type of a field that has a default because a client may leave it out, and that must not be left out."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Kubernetes knows this field, edgeorch keeps it, and it has no effect here: writers get a warning."""

    why: str


class Model(BaseModel):
    """Base of every API model."""

    atomic: ClassVar[bool] = False
    """Server-side apply: whoever sets anything of such an object owns all of it."""
    described: ClassVar[ObjectSchema | None] = None
    """The fields of a model that are not its attributes: those of a custom resource."""

    model_config = ConfigDict(
        extra="ignore",
        strict=True,
        defer_build=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        revalidate_instances="never",
    )

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Parse JSON; raises ``pydantic.ValidationError``."""
        return cls.model_validate_json(data)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Parse decoded JSON; raises ``pydantic.ValidationError``."""
        return cls.model_validate(data)

    def to_json(self) -> bytes:
        """Give compact JSON with zero values left out."""
        self.__class__.model_rebuild()
        return self.__pydantic_serializer__.to_json(self, exclude_defaults=True, by_alias=True)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON types with zero values left out."""
        return self.model_dump(mode="json", exclude_defaults=True, by_alias=True)


def _check_time(text: str) -> str:
    dt.datetime.fromisoformat(text)
    return text


Time = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"),
    AfterValidator(_check_time),
]
"""RFC 3339, as it stands on the wire; :func:`format_time` and :func:`parse_time` convert.

The 30th of February must never be stored either: it would break every reader of a list.
"""

MicroTime = Time
"""The same with microseconds; :func:`format_micro_time`."""

IntOrString = int | str
"""A number or a string (a named port, a percentage)."""

Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""Go's int32. A number that does not fit must never be stored: it would break every typed Go client's LIST."""

Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""Go's int64."""


def format_time(when: dt.datetime) -> str:
    """Write an aware datetime as meta/v1 Time: UTC, whole seconds (``2026-05-01T12:00:00Z``)."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_micro_time(when: dt.datetime) -> str:
    """Write an aware datetime as meta/v1 MicroTime: UTC with microseconds."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> dt.datetime:
    """Read a Time or MicroTime; raises ValueError."""
    when = dt.datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError(f"time without a zone: {text!r}")
    return when


class OwnerReference(Model):
    """Points at the object that this one belongs to and dies with."""

    atomic = True

    apiVersion: str
    """API version of the owner."""
    kind: str
    """Kind of the owner."""
    name: str
    """Name of the owner, in the same namespace or cluster-scoped."""
    uid: str
    """UID of the owner."""
    controller: bool | None = None
    """Whether the owner is the one controller that manages this object."""
    blockOwnerDeletion: bool | None = None
    """Whether foreground deletion of the owner waits for this object."""


class ManagedFieldsEntry(Model):
    """Which manager set which fields, for server-side apply."""

    manager: str = ""
    """Name of the workflow that manages the fields."""
    operation: str = ""
    """``Apply`` or ``Update``."""
    apiVersion: str = ""
    """API version the field set is written in."""
    time: Time | None = None
    """When the entry last changed."""
    fieldsType: str = ""
    """Format of ``fieldsV1``: always ``FieldsV1``."""
    fieldsV1: dict[str, Any] | None = None
    """The set of fields, as a tree of ``f:name`` and ``k:{...}`` members."""
    subresource: str = ""
    """Subresource that was used for the write, if any."""


class ObjectMeta(Model):
    """Names, identity and bookkeeping of an object."""

    name: str = ""
    """Unique name within the namespace (or the cluster); cannot change."""
    generateName: str = ""
    """Prefix from which the server makes a unique name when ``name`` is empty."""
    namespace: str = ""
    """Namespace the object lives in; cannot change. Empty for cluster-scoped kinds."""
    selfLink: str = ""
    """Deprecated and always empty."""
    uid: str = ""
    """Identity in time and space, given by the server on creation."""
    resourceVersion: str = ""
    """Version of the object, for optimistic concurrency and watches; opaque to clients."""
    generation: int = 0
    """Counts changes of the desired state; set by the server."""
    creationTimestamp: Time | None = None
    """When the object was created; set by the server."""
    deletionTimestamp: Time | None = None
    """When the object will be gone at the latest; set by the server on a graceful delete."""
    deletionGracePeriodSeconds: int | None = None
    """Seconds the object is given to end in good order, once ``deletionTimestamp`` is set."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Key/value pairs to select objects by."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Key/value pairs for tools; not selectable."""
    ownerReferences: Annotated[list[OwnerReference], MergeKey("uid"), ListKeys(("uid",))] = Field(
        default_factory=list
    )
    """Objects this one depends on; when all are gone, this one is collected."""
    finalizers: Annotated[list[str], MergeKey(""), ListKeys()] = Field(default_factory=list)
    """Names that must be removed before the object is really deleted."""
    managedFields: list[ManagedFieldsEntry] = Field(default_factory=list)
    """Who manages which field; kept by server-side apply."""


class Object(Model):
    """Base of every kind."""

    apiVersion: str = ""
    """Group and version of this representation, such as ``apps/v1``."""
    kind: str = ""
    """The kind this object is of."""
    metadata: ObjectMeta = Field(default_factory=ObjectMeta)
    """Names, identity and bookkeeping."""


class ListMeta(Model):
    """Metadata of a list."""

    selfLink: str = ""
    """Deprecated and always empty."""
    resourceVersion: str = ""
    """Version of the collection; where a watch continues."""
    continue_: str = Field("", alias="continue")
    """Token for the next page; empty on the last one."""
    remainingItemCount: int | None = None
    """How many items follow, where that is known."""


class LabelSelectorRequirement(Model):
    """One expression of a label selector."""

    key: str
    """The label key."""
    operator: str
    """``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""
    values: list[str] = Field(default_factory=list)
    """The values for ``In`` and ``NotIn``."""


class LabelSelector(Model):
    """Selects objects by labels; all requirements are ANDed, an empty one matches everything."""

    atomic = True

    matchLabels: dict[str, str] = Field(default_factory=dict)
    """Labels that must be equal."""
    matchExpressions: list[LabelSelectorRequirement] = Field(default_factory=list)
    """Expressions that must hold."""


class Condition(Model):
    """One aspect of an object's state (meta/v1 Condition)."""

    type: str
    """What the condition is about, in CamelCase."""
    status: str
    """``True``, ``False`` or ``Unknown``."""
    observedGeneration: int = 0
    """The ``metadata.generation`` this was derived from."""
    lastTransitionTime: Time
    """When ``status`` last changed."""
    reason: str
    """One CamelCase word for the last transition."""
    message: str
    """The same for people."""


class Preconditions(Model):
    """What must be true of an object for a delete to go ahead."""

    uid: str | None = None
    """The object must have this UID."""
    resourceVersion: str | None = None
    """The object must have this resourceVersion."""


class DeleteOptions(Model):
    """How to delete."""

    apiVersion: str = ""
    """Group and version of this representation."""
    kind: str = ""
    """``DeleteOptions``."""
    gracePeriodSeconds: int | None = None
    """Seconds until the object is removed by force; absent means the kind's own default, 0 means now."""
    preconditions: Preconditions | None = None
    """What must hold, else 409 Conflict."""
    orphanDependents: bool | None = None
    """Deprecated form of ``propagationPolicy``."""
    propagationPolicy: str | None = None
    """``Orphan``, ``Background`` or ``Foreground``."""
    dryRun: list[str] = Field(default_factory=list)
    """``["All"]`` computes the answer and stores nothing."""
    ignoreStoreReadErrorWithClusterBreakingPotential: bool | None = None
    """Alpha in Kubernetes; without effect here."""
