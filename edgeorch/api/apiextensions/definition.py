"""CustomResourceDefinition: a kind of somebody's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.admissionregistration.webhooks import WebhookClientConfig
from edgeorch.api.apiextensions.json_schema import JSONSchemaProps
from edgeorch.api.meta import Int32, ListKeys, Model, Object, Required, Time, Unsupported

GROUP = "apiextensions.k8s.io"
NOT_CONVERTED = "conversion webhooks are not called: only the version that is stored is served"


class CustomResourceDefinitionNames(Model):
    """What a kind is called."""

    plural: str
    """Name in URLs, in lower case: ``/apis/GROUP/VERSION/.../PLURAL``."""
    singular: str = ""
    """Name of one of them; the kind in lower case where none is given."""
    shortNames: list[str] = Field(default_factory=list)
    """Short names for ``kubectl get``."""
    kind: str
    """Name in manifests, in CamelCase."""
    listKind: str = ""
    """Name of lists; ``KINDList`` where none is given."""
    categories: list[str] = Field(default_factory=list)
    """Groups of kinds that it belongs to, such as ``all``."""


def nameless() -> CustomResourceDefinitionNames:
    """Give no names: what a definition has been given before it is looked at."""
    return CustomResourceDefinitionNames(plural="", kind="")


class CustomResourceValidation(Model):
    """What objects of a version look like."""

    openAPIV3Schema: JSONSchemaProps | None = None
    """The schema of the whole object."""


class CustomResourceSubresourceStatus(Model):
    """Says that the status is written through ``/status`` only; there is nothing to set."""


class CustomResourceSubresourceScale(Model):
    """Where ``/scale`` finds what it shows."""

    specReplicasPath: str
    """Path of the wanted number, below ``.spec``."""
    statusReplicasPath: str
    """Path of the number there is, below ``.status``."""
    labelSelectorPath: str | None = None
    """Path of the selector of the pods, as text, below ``.spec`` or ``.status``."""


class CustomResourceSubresources(Model):
    """What is served below the objects of a version."""

    status: CustomResourceSubresourceStatus | None = None
    """Whether ``/status`` is."""
    scale: CustomResourceSubresourceScale | None = None
    """Whether ``/scale`` is, and how."""


class CustomResourceColumnDefinition(Model):
    """A column of ``kubectl get``."""

    name: str
    """What stands above it."""
    type: str
    """``string``, ``integer``, ``number``, ``boolean`` or ``date`` (shown as an age)."""
    format: str = ""
    """How the value is to be read."""
    description: str = ""
    """What it shows."""
    priority: Int32 = 0
    """Above 0 only ``-o wide`` shows it."""
    jsonPath: str
    """Where in the object the value stands."""


class SelectableField(Model):
    """A field that field selectors may name."""

    jsonPath: str
    """Where it stands, without lists: ``.spec.color``."""


class CustomResourceDefinitionVersion(Model):
    """One version of a kind."""

    name: str
    """``v1``, ``v1beta1``..."""
    served: bool
    """Whether the API serves it."""
    storage: bool
    """Whether objects are stored in it; exactly one version says so."""
    deprecated: bool = False
    """Whether those who use it are warned."""
    deprecationWarning: str | None = None
    """What they are told; there is a sentence for that."""
    schema_: CustomResourceValidation | None = Field(None, alias="schema")
    """What its objects look like."""
    subresources: CustomResourceSubresources | None = None
    """What is served below its objects."""
    additionalPrinterColumns: list[CustomResourceColumnDefinition] = Field(default_factory=list)
    """Columns of ``kubectl get`` after the name; the age where there are none."""
    selectableFields: list[SelectableField] = Field(default_factory=list)
    """Fields that field selectors may name, at most 8."""


class WebhookConversion(Model):
    """Who converts objects from one version to another."""

    clientConfig: WebhookClientConfig | None = None
    """How to reach it."""
    conversionReviewVersions: list[str]
    """Versions of the ConversionReview that it understands."""


class CustomResourceConversion(Model):
    """How objects come from one version to another."""

    strategy: str
    """``None``: nothing but ``apiVersion`` is changed. ``Webhook``: somebody is asked."""
    webhook: Annotated[WebhookConversion | None, Unsupported(NOT_CONVERTED)] = None
    """Who is asked."""


class CustomResourceDefinitionSpec(Model):
    """What a kind is."""

    group: Required[str] = ""
    """API group: a domain."""
    names: Required[CustomResourceDefinitionNames] = Field(default_factory=nameless)
    """What the kind is called."""
    scope: Required[str] = ""
    """``Namespaced`` or ``Cluster``."""
    versions: Required[list[CustomResourceDefinitionVersion]] = Field(default_factory=list)
    """The versions that there are."""
    conversion: CustomResourceConversion | None = None
    """How objects come from one version to another."""
    preserveUnknownFields: bool = False
    """Of the time before v1; must be false."""


class CustomResourceDefinitionCondition(Model):
    """One aspect of a definition's state."""

    type: str
    """``NamesAccepted``, ``Established`` or ``Terminating``."""
    status: str
    """``True``, ``False`` or ``Unknown``."""
    lastTransitionTime: Time | None = None
    """When it last changed."""
    reason: str = ""
    """Why, in one CamelCase word."""
    message: str = ""
    """The same for people."""
    observedGeneration: int = 0
    """The generation this was derived from."""


class CustomResourceDefinitionStatus(Model):
    """What came of a definition."""

    conditions: Annotated[list[CustomResourceDefinitionCondition], ListKeys(("type",))] = Field(
        default_factory=list
    )
    """Whether the names are free, and the kind is served."""
    acceptedNames: CustomResourceDefinitionNames = Field(default_factory=nameless)
    """The names that are served."""
    storedVersions: list[str] = Field(default_factory=list)
    """Versions in which objects may be stored; none of them may be taken away."""
    observedGeneration: int = 0
    """The generation that the status is about."""


class CustomResourceDefinition(Object):
    """Defines a kind of one's own: its names, its versions, and what its objects look like."""

    spec: Required[CustomResourceDefinitionSpec] = Field(default_factory=CustomResourceDefinitionSpec)
    """What the kind is."""
    status: CustomResourceDefinitionStatus = Field(default_factory=CustomResourceDefinitionStatus)
    """What came of it."""

    def condition(self, kind: str) -> str:
        """Give the status of a condition; ``Unknown`` where it is not set."""
        return next((c.status for c in self.status.conditions if c.type == kind), "Unknown")
