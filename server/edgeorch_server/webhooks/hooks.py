"""Webhooks as they are configured, prepared for the question whether they want to see a request.

The rules are those of ``k8s.io/apiserver/pkg/admission/plugin/webhook``: ``predicates/rules`` and ``generic``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from edgeorch.api.admissionregistration.validation import Configuration, default_webhooks
from edgeorch.api.admissionregistration.webhooks import (
    MutatingWebhook,
    RuleWithOperations,
    ValidatingWebhook,
    WebhookClientConfig,
)
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.selectors import Selector

CALLS_AT_ONCE = 32
"""Calls of one webhook under way at the same time; others wait for their turn, within the webhook's time."""

_ALL = "*"


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """One webhook."""

    name: str
    configuration: str
    """Name of the configuration it stands in."""
    client: WebhookClientConfig
    rules: tuple[RuleWithOperations, ...]
    namespaces: Selector
    objects: Selector
    versions: tuple[str, ...]
    """Versions of AdmissionReview that it understands, the best one first."""
    equivalent: bool = True
    """Its rules mean other versions of a kind too (``matchPolicy``)."""
    ignore_failures: bool = False
    """A call that fails is as if it had not been configured (``failurePolicy``)."""
    side_effects: str = "None"
    timeout: float = 10.0
    """Seconds."""
    reinvoke: bool = False
    """It is asked once more when others change the object after it (``reinvocationPolicy``)."""
    conditions: bool = False
    """It has ``matchConditions``, which cannot be evaluated."""
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CALLS_AT_ONCE))

    def version_for(
        self,
        operation: str,
        resource: ResourceInfo[Object],
        subresource: str,
        served: Iterable[ResourceInfo[Object]],
    ) -> ResourceInfo[Object] | None:
        """Give the version in which it wants to see a request, if any: the one asked for, or an equivalent."""
        if any(matches(rule, operation, resource, subresource) for rule in self.rules):
            return resource
        if not self.equivalent:
            return None
        others = [other for other in served if other.key == resource.key]
        for rule in self.rules:
            for other in others:
                if matches(rule, operation, other, subresource):
                    return other
        return None


def prepare(configuration: Configuration) -> tuple[Hook, ...]:
    """Prepare the webhooks of a configuration, in their order."""
    default_webhooks(configuration)
    return tuple(_prepared(configuration.metadata.name, webhook) for webhook in configuration.webhooks)


def _prepared(configuration: str, webhook: ValidatingWebhook) -> Hook:
    seconds = webhook.timeoutSeconds
    return Hook(
        name=webhook.name,
        configuration=configuration,
        client=webhook.clientConfig,
        rules=tuple(webhook.rules),
        namespaces=Selector.of(webhook.namespaceSelector),
        objects=Selector.of(webhook.objectSelector),
        versions=tuple(webhook.admissionReviewVersions),
        equivalent=webhook.matchPolicy != "Exact",
        ignore_failures=webhook.failurePolicy == "Ignore",
        side_effects=webhook.sideEffects or "",
        timeout=10.0 if seconds is None else float(seconds),
        reinvoke=isinstance(webhook, MutatingWebhook) and webhook.reinvocationPolicy == "IfNeeded",
        conditions=bool(webhook.matchConditions),
    )


def matches(rule: RuleWithOperations, operation: str, resource: ResourceInfo[Object], subresource: str) -> bool:
    """Say whether a rule is about a request in exactly this version."""
    return (
        _among(rule.operations, operation)
        and _among(rule.apiGroups, resource.group)
        and _among(rule.apiVersions, resource.version)
        and any(_names(one, resource.plural, subresource) for one in rule.resources)
        and _in_scope(rule.scope, namespaced=resource.namespaced)
    )


def _among(words: Iterable[str], word: str) -> bool:
    return any(one in {_ALL, word} for one in words)


def _names(pattern: str, plural: str, subresource: str) -> bool:
    """Compare with ``pods``, ``pods/status``, ``pods/*``, ``*/status``, ``*`` (no subresources) or ``*/*``."""
    name, _, below = pattern.partition("/")
    return name in {_ALL, plural} and below in {_ALL, subresource}


def _in_scope(scope: str | None, *, namespaced: bool) -> bool:
    """Compare with the scope of a kind; a namespace itself is in the cluster's."""
    return scope in {None, _ALL} or (scope == "Namespaced") == namespaced
