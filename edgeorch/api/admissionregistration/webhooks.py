"""Admission webhooks: who else wants to see objects before they are stored, and may change or refuse them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edgeorch.api.base64_text import Base64
from edgeorch.api.meta import Int32, LabelSelector, ListKeys, MergeKey, Model, Object


class ServiceReference(Model):
    """A Service to call."""

    namespace: str
    """Its namespace."""
    name: str
    """Its name."""
    path: str | None = None
    """Path to POST to."""
    port: Int32 | None = None
    """Its port; 443 by default."""


class WebhookClientConfig(Model):
    """How to reach a webhook: by URL or by Service."""

    url: str | None = None
    """An https URL."""
    service: ServiceReference | None = None
    """A Service in the cluster."""
    caBundle: Base64 = ""
    """Certificates that the server's is checked against, PEM in base64; the system's when empty."""


class RuleWithOperations(Model):
    """Which requests a webhook wants to see."""

    operations: list[str] = Field(default_factory=list)
    """``CREATE``, ``UPDATE``, ``DELETE``, ``CONNECT`` or ``*``."""
    apiGroups: list[str] = Field(default_factory=list)
    """API groups; ``*`` is all."""
    apiVersions: list[str] = Field(default_factory=list)
    """Their versions; ``*`` is all."""
    resources: list[str] = Field(default_factory=list)
    """Resources (``pods``), subresources (``pods/log``) or ``*``."""
    scope: str | None = None
    """``Cluster``, ``Namespaced`` or ``*`` (the default)."""


class MatchCondition(Model):
    """An expression that must hold for a webhook to be called."""

    name: str
    """What it is called."""
    expression: str
    """A CEL expression."""


class ValidatingWebhook(Model):
    """Somebody who may refuse objects."""

    name: str
    """Its name, with a domain."""
    clientConfig: WebhookClientConfig
    """How to reach it."""
    rules: list[RuleWithOperations] = Field(default_factory=list)
    """What it wants to see."""
    failurePolicy: str | None = None
    """What to do when it does not answer: ``Fail`` (the default) or ``Ignore``."""
    matchPolicy: str | None = None
    """Whether rules mean other versions of a kind too: ``Equivalent`` (the default) or ``Exact``."""
    namespaceSelector: LabelSelector | None = None
    """Labels of the namespaces it is about."""
    objectSelector: LabelSelector | None = None
    """Labels of the objects it is about."""
    sideEffects: str | None
    """``None`` or ``NoneOnDryRun``: whether calling it changes anything else."""
    timeoutSeconds: Int32 | None = None
    """Seconds to wait for an answer, from 1 to 30; 10 by default."""
    admissionReviewVersions: list[str]
    """Versions of AdmissionReview that it understands, the best one first."""
    matchConditions: Annotated[list[MatchCondition], MergeKey("name"), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """What else must hold. Not evaluated here, so that a webhook with conditions is refused."""


class MutatingWebhook(ValidatingWebhook):
    """Somebody who may change objects, or refuse them."""

    reinvocationPolicy: str | None = None
    """Whether it is called again after others changed the object: ``Never`` (the default) or ``IfNeeded``."""


class ValidatingWebhookConfiguration(Object):
    """Webhooks that may refuse objects."""

    webhooks: Annotated[list[ValidatingWebhook], MergeKey("name"), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """The webhooks."""


class MutatingWebhookConfiguration(Object):
    """Webhooks that may change objects."""

    webhooks: Annotated[list[MutatingWebhook], MergeKey("name"), ListKeys(("name",))] = Field(
        default_factory=list
    )
    """The webhooks, in the order of their names."""
