"""Questions about rights; they are answered at once and stored nowhere."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.meta import Model, Object, Required, Unsupported

GROUP = "authorization.k8s.io"

NO_SELECTORS = Unsupported("rights do not depend on selectors here")


class SelectorAttributesRequirement(Model):
    """One condition of a selector."""

    key: str = ""
    """What it looks at."""
    operator: str = ""
    """``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""
    values: list[str] = Field(default_factory=list)
    """What the first two compare with."""


class SelectorAttributes(Model):
    """The selector of a request that is asked about."""

    rawSelector: str = ""
    """As it stands in the query."""
    requirements: list[SelectorAttributesRequirement] = Field(default_factory=list)
    """Taken apart."""


class ResourceAttributes(Model):
    """A request for a resource that is asked about."""

    namespace: str = ""
    """In which namespace; empty for the whole cluster."""
    verb: str = ""
    """What is to be done; ``*`` is everything."""
    group: str = ""
    """Group of the resource; ``*`` is all of them."""
    version: str = ""
    """Version of the group; makes no difference."""
    resource: str = ""
    """The plural name; ``*`` is all of them."""
    subresource: str = ""
    """The part of the object."""
    name: str = ""
    """Of which object; empty is all of them."""
    fieldSelector: Annotated[SelectorAttributes | None, NO_SELECTORS] = None
    """Fields by which the request is narrowed."""
    labelSelector: Annotated[SelectorAttributes | None, NO_SELECTORS] = None
    """Labels by which the request is narrowed."""


class NonResourceAttributes(Model):
    """A request for a path that is asked about."""

    path: str = ""
    """The path of the URL."""
    verb: str = ""
    """The HTTP method, in small letters."""


class SubjectAccessReviewSpec(Model):
    """Whom and what the question is about: one of the two kinds of attributes."""

    resourceAttributes: ResourceAttributes | None = None
    """A request for a resource."""
    nonResourceAttributes: NonResourceAttributes | None = None
    """A request for a path."""
    user: str = ""
    """Who would ask; this or a group has to be given."""
    groups: list[str] = Field(default_factory=list)
    """What they belong to."""
    extra: dict[str, list[str]] = Field(default_factory=dict)
    """What else is known of them; makes no difference."""
    uid: str = ""
    """Their identity; makes no difference."""


class SelfSubjectAccessReviewSpec(Model):
    """What the question is about: one of the two kinds of attributes."""

    resourceAttributes: ResourceAttributes | None = None
    """A request for a resource."""
    nonResourceAttributes: NonResourceAttributes | None = None
    """A request for a path."""


class SubjectAccessReviewStatus(Model):
    """The answer."""

    allowed: bool
    """Whether it is allowed."""
    denied: bool = False
    """Whether it is refused for good; roles only allow, so never here."""
    reason: str = ""
    """Why."""
    evaluationError: str = ""
    """What could not be found out."""


def unanswered() -> SubjectAccessReviewStatus:
    """Give the status of a question nobody has answered yet."""
    return SubjectAccessReviewStatus(allowed=False)


class SubjectAccessReview(Object):
    """Asks whether somebody may do something."""

    spec: Required[SubjectAccessReviewSpec] = Field(default_factory=SubjectAccessReviewSpec)
    """The question."""
    status: SubjectAccessReviewStatus = Field(default_factory=unanswered)
    """The answer."""


class LocalSubjectAccessReview(Object):
    """Asks whether somebody may do something in this one namespace."""

    spec: Required[SubjectAccessReviewSpec] = Field(default_factory=SubjectAccessReviewSpec)
    """The question; its namespace is the object's own."""
    status: SubjectAccessReviewStatus = Field(default_factory=unanswered)
    """The answer."""


class SelfSubjectAccessReview(Object):
    """Asks whether whoever asks may do something."""

    spec: Required[SelfSubjectAccessReviewSpec] = Field(default_factory=SelfSubjectAccessReviewSpec)
    """The question."""
    status: SubjectAccessReviewStatus = Field(default_factory=unanswered)
    """The answer."""


class SelfSubjectRulesReviewSpec(Model):
    """Where the question is about."""

    namespace: str = ""
    """The namespace."""


class ResourceRule(Model):
    """Something that may be done with resources."""

    verbs: list[str]
    """What; ``*`` is everything."""
    apiGroups: list[str] = Field(default_factory=list)
    """Groups of the resources; ``*`` is all of them."""
    resources: list[str] = Field(default_factory=list)
    """Their plural names; ``*`` is all of them."""
    resourceNames: list[str] = Field(default_factory=list)
    """Names it is limited to; empty is every name."""


class NonResourceRule(Model):
    """Something that may be done with paths."""

    verbs: list[str]
    """HTTP methods in small letters; ``*`` is all of them."""
    nonResourceURLs: list[str] = Field(default_factory=list)
    """Paths; a ``*`` at the end stands for whatever follows."""


class SubjectRulesReviewStatus(Model):
    """The answer."""

    resourceRules: list[ResourceRule]
    """What may be done with resources."""
    nonResourceRules: list[NonResourceRule]
    """What may be done with paths."""
    incomplete: bool
    """Whether there may be more."""
    evaluationError: str = ""
    """What could not be found out."""


def no_rules() -> SubjectRulesReviewStatus:
    """Give the status of a question nobody has answered yet."""
    return SubjectRulesReviewStatus(resourceRules=[], nonResourceRules=[], incomplete=False)


class SelfSubjectRulesReview(Object):
    """Asks what whoever asks may do in a namespace."""

    spec: Required[SelfSubjectRulesReviewSpec] = Field(default_factory=SelfSubjectRulesReviewSpec)
    """Where."""
    status: SubjectRulesReviewStatus = Field(default_factory=no_rules)
    """What."""
