"""Defaults and validation of webhook configurations (``pkg/apis/admissionregistration``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from edgeorch.api.admissionregistration.webhooks import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    RuleWithOperations,
    ServiceReference,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
    WebhookClientConfig,
)
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.meta import LabelSelector
from edgeorch.api.meta_validation import validate_label_selector, validate_meta, validate_meta_update
from edgeorch.api.names import dns_1035_problems, dns_subdomain_problems, port_problems
from edgeorch.api.validation import FieldError, Path, bad, duplicate, forbidden, not_supported, required

Configuration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
REVIEW_VERSIONS = ("v1", "v1beta1")
_MAX_SECONDS = 30
_MAX_CONDITIONS = 64
_LABELS = 3
_NO_CEL = (
    "CEL expressions are not evaluated here, and without its conditions the webhook would be asked about "
    "requests that it is not for; use rules, namespaceSelector and objectSelector instead"
)
_ALL = "*"


def default_webhooks(configuration: Configuration) -> None:
    """Fill in policies, selectors and the time to wait; twice does no more than once."""
    for webhook in configuration.webhooks:
        webhook.failurePolicy = webhook.failurePolicy or "Fail"
        webhook.matchPolicy = webhook.matchPolicy or "Equivalent"
        webhook.namespaceSelector = webhook.namespaceSelector or LabelSelector()
        webhook.objectSelector = webhook.objectSelector or LabelSelector()
        if webhook.timeoutSeconds is None:
            webhook.timeoutSeconds = 10
        if isinstance(webhook, MutatingWebhook):
            webhook.reinvocationPolicy = webhook.reinvocationPolicy or "Never"
        for rule in webhook.rules:
            rule.scope = rule.scope or _ALL
        service = webhook.clientConfig.service
        if service is not None and service.port is None:
            service.port = 443


def validate_webhooks(configuration: Configuration) -> list[FieldError]:
    """Check a new configuration."""
    return [*validate_meta(configuration.metadata, namespaced=False), *_validate_all(configuration.webhooks)]


def validate_webhooks_update(new: Configuration, old: Configuration) -> list[FieldError]:
    """Check a changed configuration."""
    return [*validate_meta_update(new.metadata, old.metadata), *_validate_all(new.webhooks)]


def _validate_all(webhooks: Sequence[ValidatingWebhook]) -> Iterator[FieldError]:
    names: set[str] = set()
    for number, webhook in enumerate(webhooks):
        path = Path("webhooks").at(number)
        yield from _validate_webhook(webhook, path)
        if webhook.name and webhook.name in names:
            yield duplicate(path.child("name"), webhook.name)
        names.add(webhook.name)


def _validate_webhook(webhook: ValidatingWebhook, path: Path) -> Iterator[FieldError]:
    yield from _validate_name(webhook.name, path.child("name"))
    yield from _validate_versions(webhook.admissionReviewVersions, path.child("admissionReviewVersions"))
    for number, rule in enumerate(webhook.rules):
        yield from _validate_rule(rule, path.child("rules").at(number))
    words = {
        "failurePolicy": ("Fail", "Ignore"),
        "matchPolicy": ("Equivalent", "Exact"),
        "sideEffects": ("None", "NoneOnDryRun"),
    }
    if isinstance(webhook, MutatingWebhook):
        words["reinvocationPolicy"] = ("IfNeeded", "Never")
    for name, valid in words.items():
        word = getattr(webhook, name)
        if not word:
            yield required(path.child(name), f"must specify one of {', '.join(valid)}")
        elif word not in valid:
            yield not_supported(path.child(name), word, valid)
    seconds = webhook.timeoutSeconds
    if seconds is not None and not 1 <= seconds <= _MAX_SECONDS:
        yield bad(path.child("timeoutSeconds"), seconds, "the timeout value must be between 1 and 30 seconds")
    yield from validate_label_selector(webhook.namespaceSelector, path.child("namespaceSelector"))
    yield from validate_label_selector(webhook.objectSelector, path.child("objectSelector"))
    yield from _validate_client(webhook.clientConfig, path.child("clientConfig"))
    yield from _validate_conditions(webhook, path.child("matchConditions"))


def _validate_name(name: str, path: Path) -> Iterator[FieldError]:
    if not name:
        yield required(path)
        return
    for problem in dns_subdomain_problems(name):
        yield bad(path, name, problem)
    if name.count(".") < _LABELS - 1:
        yield bad(path, name, "should be a domain with at least three segments separated by dots")


def _validate_versions(versions: Sequence[str], path: Path) -> Iterator[FieldError]:
    if not versions:
        yield required(path, f"must specify one of {', '.join(REVIEW_VERSIONS)}")
        return
    for number, version in enumerate(versions):
        if version in versions[:number]:
            yield bad(path.at(number), version, "duplicate version")
        for problem in dns_1035_problems(version):
            yield bad(path.at(number), version, problem)
    if not set(versions) & set(REVIEW_VERSIONS):
        why = f"must include at least one of {', '.join(REVIEW_VERSIONS)}"
        yield bad(path, list(versions), why)


def _validate_rule(rule: RuleWithOperations, path: Path) -> Iterator[FieldError]:
    for name in ("operations", "apiGroups", "apiVersions", "resources"):
        words, here = getattr(rule, name), path.child(name)
        if not words:
            yield required(here)
        if name != "apiGroups" and "" in words:
            yield required(here.at(words.index("")))
        if name != "resources" and _ALL in words and len(words) > 1:
            yield bad(here, words, "if '*' is present, must not specify other " + _OTHERS[name])
    for number, operation in enumerate(rule.operations):
        if operation and operation not in OPERATIONS:
            yield not_supported(path.child("operations").at(number), operation, OPERATIONS)
    if rule.scope not in {_ALL, "Cluster", "Namespaced"}:
        yield not_supported(path.child("scope"), rule.scope, (_ALL, "Cluster", "Namespaced"))


_OTHERS = {"operations": "operations", "apiGroups": "API groups", "apiVersions": "API versions"}


def _validate_client(client: WebhookClientConfig, path: Path) -> Iterator[FieldError]:
    if (client.url is None) == (client.service is None):
        yield required(path, "exactly one of url or service is required")
    elif client.url is not None:
        yield from _validate_url(client.url, path.child("url"))
    elif client.service is not None:
        yield from _validate_service(client.service, path.child("service"))


def _validate_url(text: str, path: Path) -> Iterator[FieldError]:
    form = "; desired format: https://host[/path]"
    try:
        url = urlsplit(text)
    except ValueError as exc:
        yield required(path, f"url must be a valid URL: {exc}{form}")
        return
    if url.scheme != "https":
        yield bad(path, url.scheme, f"'https' is the only allowed URL scheme{form}")
    if not url.netloc:
        yield bad(path, url.netloc, f"host must be specified{form}")
    if url.username is not None:
        yield bad(path, url.username, "user information is not permitted in the URL")
    if url.fragment:
        yield bad(path, url.fragment, "fragments are not permitted in the URL")
    if url.query:
        yield bad(path, url.query, "query parameters are not permitted in the URL")


def _validate_service(service: ServiceReference, path: Path) -> Iterator[FieldError]:
    if not service.name:
        yield required(path.child("name"), "service name is required")
    if not service.namespace:
        yield required(path.child("namespace"), "service namespace is required")
    port = service.port if service.port is not None else 443
    for problem in port_problems(port):
        yield bad(path.child("port"), port, f"port is not valid: {problem}")
    if service.path and not service.path.startswith("/"):
        yield bad(path.child("path"), service.path, "must start with a '/'")


def _validate_conditions(webhook: ValidatingWebhook, path: Path) -> Iterator[FieldError]:
    if len(webhook.matchConditions) > _MAX_CONDITIONS:
        yield forbidden(path, f"must have at most {_MAX_CONDITIONS} items")
    names: set[str] = set()
    for number, condition in enumerate(webhook.matchConditions):
        here = path.at(number)
        if not condition.expression:
            yield required(here.child("expression"))
        else:
            yield bad(here.child("expression"), condition.expression, _NO_CEL)
        if not condition.name:
            yield required(here.child("name"))
        for problem in qualified_name_problems(condition.name) if condition.name else ():
            yield bad(here.child("name"), condition.name, problem)
        if condition.name in names:
            yield duplicate(here.child("name"), condition.name)
        names.add(condition.name)
