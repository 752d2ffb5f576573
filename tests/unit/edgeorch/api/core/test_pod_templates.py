"""Validation of pod templates, as every workload kind uses it."""

from typing import Any

import pytest

from edgeorch.api.core.defaults import default_pod_template
from edgeorch.api.core.pod_template import PodTemplateSpec
from edgeorch.api.core.validation import (
    validate_no_deadline,
    validate_pod_template,
    validate_restart_policy,
    validate_selected,
)
from edgeorch.api.label_rules import qualified_name_problems
from edgeorch.api.selectors import Selector
from edgeorch.api.validation import Path

TEMPLATE = Path("spec.template")
SLASHES = qualified_name_problems("a/b/c")[0]


def template(metadata: dict[str, Any] | None = None, **spec: Any) -> PodTemplateSpec:
    """Make a defaulted template with a container, unless the spec brings its own."""
    containers = [{"name": "web", "image": "busybox"}]
    made = PodTemplateSpec.from_dict(
        {"metadata": metadata or {"labels": {"app": "web"}}, "spec": {"containers": containers, **spec}}
    )
    default_pod_template(made)
    return made


@pytest.mark.parametrize(
    ("made", "errors"),
    [
        pytest.param(template(), [], id="valid"),
        pytest.param(
            template(containers=[{"name": "web"}]),
            ["spec.template.spec.containers[0].image: Required value"],
            id="findings of the pod, under the path of the template",
        ),
        pytest.param(template(containers=[]), ["spec.template.spec.containers: Required value"], id="empty"),
        pytest.param(
            template({"labels": {"a/b/c": "x"}}),
            [f'spec.template.labels: Invalid value: "a/b/c": {SLASHES}'],
            id="labels",
        ),
        pytest.param(
            template({"annotations": {"a/b/c": "x"}}),
            [f'spec.template.annotations: Invalid value: "a/b/c": {SLASHES}'],
            id="annotations",
        ),
        pytest.param(
            template(ephemeralContainers=[{"name": "debug", "image": "busybox"}]),
            [
                (
                    "spec.template.spec.ephemeralContainers: "
                    "Forbidden: ephemeral containers not allowed in pod template"
                )
            ],
            id="ephemeral containers",
        ),
    ],
)
def test_template(made: PodTemplateSpec, errors: list[str]) -> None:
    """``ValidatePodTemplateSpec``: the rules of pods, wherever the template stands."""
    assert [str(error) for error in validate_pod_template(made, TEMPLATE)] == errors


@pytest.mark.parametrize(
    ("selector", "errors"),
    [
        ("app=web", []),
        ("app in (web, db),!tier", []),
        ("", []),
        (
            "app=db",
            [
                (
                    'spec.template.metadata.labels: Invalid value: {"app":"web"}: '
                    "`selector` does not match template `labels`"
                )
            ],
        ),
    ],
)
def test_selected(selector: str, errors: list[str]) -> None:
    """Deployment, "Selector": it must match ``.spec.template.metadata.labels``, or is rejected by the API."""
    found = validate_selected(template(), Selector.parse(selector), TEMPLATE)
    assert [str(error) for error in found] == errors


@pytest.mark.parametrize(
    ("policy", "allowed", "errors"),
    [
        ("Always", ("Always",), []),
        (
            "Never",
            ("Always",),
            ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
        ),
        ("Never", ("OnFailure", "Never"), []),
        (
            "Always",
            ("OnFailure", "Never"),
            [
                (
                    'spec.template.spec.restartPolicy: Unsupported value: "Always": '
                    'supported values: "OnFailure", "Never"'
                )
            ],
        ),
    ],
)
def test_restart_policy(policy: str, allowed: tuple[str, ...], errors: list[str]) -> None:
    """Deployment, "Pod Template": only ``Always`` is allowed; a Job is the other way round."""
    found = validate_restart_policy(template(restartPolicy=policy), TEMPLATE, allowed)
    assert [str(error) for error in found] == errors


def test_deadline() -> None:
    """A pod that is to run for ever has no deadline."""
    assert validate_no_deadline(template(), TEMPLATE, "ReplicaSet") == []
    [error] = validate_no_deadline(template(activeDeadlineSeconds=5), TEMPLATE, "ReplicaSet")
    assert str(error) == (
        "spec.template.spec.activeDeadlineSeconds: "
        "Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"
    )
