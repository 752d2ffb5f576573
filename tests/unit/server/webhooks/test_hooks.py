"""Which requests a webhook wants to see, by its rules alone."""

from __future__ import annotations

from typing import Any

import pytest

from edgeorch.api.admissionregistration.webhooks import (
    MutatingWebhookConfiguration,
    RuleWithOperations,
    ValidatingWebhookConfiguration,
)
from edgeorch.api.apps.resources import DEPLOYMENTS
from edgeorch.api.autoscaling.resources import HORIZONTAL_POD_AUTOSCALERS, HORIZONTAL_POD_AUTOSCALERS_V1
from edgeorch.api.core.resources import NAMESPACES, NODES, PODS
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.api.table import served_table
from edgeorch_server.webhooks.hooks import Hook, matches, prepare

EVERYTHING: dict[str, Any] = {
    "operations": ["*"],
    "apiGroups": ["*"],
    "apiVersions": ["*"],
    "resources": ["*/*"],
    "scope": "*",
}


def hook(**settings: Any) -> Hook:
    webhook = {
        "name": "a.example.com",
        "clientConfig": {"url": "https://a.example.com"},
        "rules": [EVERYTHING],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **settings,
    }
    body = {"metadata": {"name": "one"}, "webhooks": [webhook]}
    return prepare(MutatingWebhookConfiguration.from_dict(body))[0]


@pytest.mark.parametrize(
    ("rule", "operation", "resource", "subresource", "expected"),
    [
        pytest.param({}, "CREATE", PODS, "", True, id="stars are everything"),
        pytest.param({"operations": ["CREATE", "UPDATE"]}, "UPDATE", PODS, "", True, id="one of operations"),
        pytest.param({"operations": ["CREATE", "UPDATE"]}, "DELETE", PODS, "", False, id="another operation"),
        pytest.param({"apiGroups": [""]}, "CREATE", PODS, "", True, id="the core group is empty"),
        pytest.param({"apiGroups": [""]}, "CREATE", DEPLOYMENTS, "", False, id="another group"),
        pytest.param({"apiGroups": ["apps", ""]}, "CREATE", DEPLOYMENTS, "", True, id="one of groups"),
        pytest.param({"apiVersions": ["v1"]}, "CREATE", DEPLOYMENTS, "", True, id="the version"),
        pytest.param({"apiVersions": ["v1beta1"]}, "CREATE", DEPLOYMENTS, "", False, id="another version"),
        pytest.param({"resources": ["pods"]}, "CREATE", PODS, "", True, id="a resource"),
        pytest.param({"resources": ["pods"]}, "UPDATE", PODS, "status", False, id="without its subresources"),
        pytest.param({"resources": ["pods/status"]}, "UPDATE", PODS, "status", True, id="a subresource"),
        pytest.param({"resources": ["pods/status"]}, "UPDATE", PODS, "", False, id="without its parent"),
        pytest.param({"resources": ["pods/*"]}, "UPDATE", PODS, "status", True, id="all its subresources"),
        pytest.param({"resources": ["pods/*"]}, "UPDATE", PODS, "", True, id="a star is no subresource too"),
        pytest.param({"resources": ["*"]}, "CREATE", NODES, "", True, id="all resources"),
        pytest.param({"resources": ["*"]}, "UPDATE", NODES, "status", False, id="but no subresources"),
        pytest.param({"resources": ["*/scale"]}, "UPDATE", DEPLOYMENTS, "scale", True, id="one everywhere"),
        pytest.param({"resources": ["*/scale"]}, "UPDATE", DEPLOYMENTS, "", False, id="and nothing else"),
        pytest.param({"resources": ["nodes", "pods"]}, "CREATE", PODS, "", True, id="one of resources"),
        pytest.param({"scope": "Namespaced"}, "CREATE", PODS, "", True, id="in a namespace"),
        pytest.param({"scope": "Namespaced"}, "CREATE", NODES, "", False, id="not in a namespace"),
        pytest.param({"scope": "Cluster"}, "CREATE", NODES, "", True, id="in no namespace"),
        pytest.param({"scope": "Cluster"}, "CREATE", PODS, "", False, id="not in no namespace"),
        pytest.param({"scope": "Cluster"}, "CREATE", NAMESPACES, "", True, id="a namespace is in none"),
        pytest.param({"scope": None}, "CREATE", PODS, "", True, id="no scope is any"),
    ],
)
def test_a_rule_is_about_a_request_if_all_it_names_fits(
    rule: dict[str, Any], operation: str, resource: ResourceInfo[Object], subresource: str, expected: bool
) -> None:
    """Operation, group, version, resource with subresource, and scope must all fit."""
    given = RuleWithOperations.from_dict({**EVERYTHING, **rule})
    assert matches(given, operation, resource, subresource) is expected


@pytest.mark.parametrize(
    ("policy", "rules", "expected"),
    [
        pytest.param("Equivalent", ["v1", "v2"], "v2", id="the version asked for comes first"),
        pytest.param("Equivalent", ["v1"], "v1", id="another version means this kind too"),
        pytest.param("Exact", ["v1"], "", id="exact is exact"),
        pytest.param("Equivalent", ["v3"], "", id="a version that nobody serves"),
    ],
)
def test_other_versions_of_a_kind_are_the_kind(policy: str, rules: list[str], expected: str) -> None:
    """``matchPolicy: Equivalent`` shows a request in the version that a rule names."""
    given = hook(
        matchPolicy=policy,
        rules=[
            {**EVERYTHING, "apiGroups": ["autoscaling"], "apiVersions": [version], "resources": ["*"]}
            for version in rules
        ],
    )
    found = given.version_for("UPDATE", HORIZONTAL_POD_AUTOSCALERS, "", served_table())
    assert (found.version if found else "") == expected


def test_a_request_for_the_other_version_finds_the_stored_one() -> None:
    """Equivalence goes both ways."""
    rule = {**EVERYTHING, "apiVersions": ["v2"], "resources": ["horizontalpodautoscalers"]}
    found = hook(rules=[rule]).version_for("UPDATE", HORIZONTAL_POD_AUTOSCALERS_V1, "", served_table())
    assert found is HORIZONTAL_POD_AUTOSCALERS or (found and found.version == "v2")


def test_what_is_left_out_has_the_documented_defaults() -> None:
    """Fail, Equivalent, ten seconds, everything selected, never again."""
    given = hook()
    assert (given.ignore_failures, given.equivalent, given.timeout, given.reinvoke) == (
        False,
        True,
        10.0,
        False,
    )
    assert given.namespaces.empty
    assert given.objects.empty


def test_a_validating_webhook_is_never_asked_again() -> None:
    """Reinvocation is for those that change objects."""
    configuration = ValidatingWebhookConfiguration.from_dict(
        {
            "webhooks": [
                {"name": "a.b.c", "clientConfig": {}, "sideEffects": "None", "admissionReviewVersions": ["v1"]}
            ]
        }
    )
    assert not prepare(configuration)[0].reinvoke
