"""Webhook configurations: defaults and validation."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.admissionregistration.validation import default_webhooks, validate_webhooks
from edgeorch.api.admissionregistration.webhooks import MutatingWebhookConfiguration

RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}


def configuration(**webhook: Any) -> MutatingWebhookConfiguration:
    body = {
        "name": "check.example.com",
        "clientConfig": {"service": {"namespace": "default", "name": "check"}},
        "rules": [RULE],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **webhook,
    }
    made = MutatingWebhookConfiguration.from_dict({"metadata": {"name": "check"}, "webhooks": [body]})
    default_webhooks(made)
    return made


def test_defaults() -> None:
    """``SetDefaults_MutatingWebhook``, ``_ServiceReference`` and ``_Rule``."""
    [webhook] = configuration().webhooks
    assert (webhook.failurePolicy, webhook.matchPolicy, webhook.reinvocationPolicy) == (
        "Fail",
        "Equivalent",
        "Never",
    )
    assert (webhook.timeoutSeconds, webhook.rules[0].scope) == (10, "*")
    assert webhook.clientConfig.service is not None
    assert webhook.clientConfig.service.port == 443


@pytest.mark.parametrize(
    ("webhook", "errors"),
    [
        pytest.param({}, [], id="valid"),
        pytest.param(
            {"name": "check"},
            [
                (
                    'webhooks[0].name: Invalid value: "check": should be a domain with at least three segments '
                    "separated by dots"
                )
            ],
            id="name",
        ),
        pytest.param(
            {"sideEffects": None},
            ["webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"],
            id="side effects",
        ),
        pytest.param(
            {"admissionReviewVersions": ["v2"]},
            [
                'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1'
            ],
            id="versions",
        ),
        pytest.param(
            {"timeoutSeconds": 31},
            [
                (
                    "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 "
                    "seconds"
                )
            ],
            id="seconds",
        ),
        pytest.param(
            {"clientConfig": {}},
            ["webhooks[0].clientConfig: Required value: exactly one of url or service is required"],
            id="nobody",
        ),
        pytest.param(
            {"clientConfig": {"url": "http://a.example"}},
            [
                (
                    "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; "
                    "desired format: https://host[/path]"
                )
            ],
            id="scheme",
        ),
        pytest.param(
            {"rules": [{**RULE, "operations": ["*", "CREATE"]}]},
            [
                (
                    'webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if \'*\' is present, must not '
                    "specify other operations"
                )
            ],
            id="all and one",
        ),
        pytest.param(
            {"rules": [{**RULE, "resources": []}]},
            ["webhooks[0].rules[0].resources: Required value"],
            id="rule",
        ),
    ],
)
def test_validation(webhook: dict[str, Any], errors: list[str]) -> None:
    """Each clause of ``ValidateMutatingWebhookConfiguration``, in Kubernetes' words."""
    assert [str(error) for error in validate_webhooks(configuration(**webhook))] == errors


def test_names_are_unique() -> None:
    """One configuration does not name two webhooks alike."""
    made = configuration()
    made.webhooks *= 2
    assert [str(e) for e in validate_webhooks(made)] == [
        'webhooks[1].name: Duplicate value: "check.example.com"'
    ]
