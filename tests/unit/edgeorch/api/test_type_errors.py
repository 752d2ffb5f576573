"""Type errors in the words of Go's decoder, as Kubernetes' users know them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch.api.core.config import Secret
from edgeorch.api.core.pod import Pod
from edgeorch.api.field_check import check
from edgeorch.api.meta import Condition, Model
from edgeorch.api.quantity import FORMAT_WRONG
from edgeorch.api.type_errors import strict_error, to_model
from edgeorch.errors import BadRequest


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "c", **fields}]}}


JSON = "json: cannot unmarshal"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (container(image=True), f"{JSON} bool into Go struct field Container.spec.containers.image of type string"),
        (container(image=1), f"{JSON} number into Go struct field Container.spec.containers.image of type string"),
        (container(command=[1]), f"{JSON} number into Go struct field Container.spec.containers.command of type string"),
        (container(command="sh"), f"{JSON} string into Go struct field Container.spec.containers.command of type []string"),
        (
            container(env=[{"name": "a", "value": 1}]),
            f"{JSON} number into Go struct field EnvVar.spec.containers.env.value of type string",
        ),
        (container(ports=[{"containerPort": "80"}]), f"{JSON} string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32"),
        (container(ports=[{"containerPort": 2**31}]), f"{JSON} number 2147483648 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32"),
        ({"spec": {"containers": {}}}, f"{JSON} object into Go struct field PodSpec.spec.containers of type []v1.Container"),
        ({"spec": []}, f"{JSON} array into Go struct field Pod.spec of type v1.PodSpec"),
        ({"spec": {"hostNetwork": "true"}}, f"{JSON} string into Go struct field PodSpec.spec.hostNetwork of type bool"),
        ({"spec": {"terminationGracePeriodSeconds": 1.5}}, f"{JSON} number 1.5 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64"),
        ({"metadata": {"labels": {"a": 1}}}, f"{JSON} number into Go struct field ObjectMeta.metadata.labels of type string"),
        ({"metadata": {"labels": ["a"]}}, f"{JSON} array into Go struct field ObjectMeta.metadata.labels of type map[string]string"),
        ({"apiVersion": 1}, f"{JSON} number into Go struct field Pod.apiVersion of type string"),
        (container(resources={"limits": {"cpu": "much"}}), FORMAT_WRONG),
        (container(livenessProbe={"httpGet": {"port": True}}), f"{JSON} bool into Go value of type int32"),
        (container(livenessProbe={"httpGet": {"port": 1.5}}), f"{JSON} number 1.5 into Go value of type int32"),
        ({"metadata": {"creationTimestamp": 5}}, f"{JSON} number into Go value of type string"),
        (
            {"metadata": {"creationTimestamp": "now"}},
            r'parsing time "\"now\"" as "2006-01-02T15:04:05Z07:00": cannot parse "now"',
        ),
        (
            {"metadata": {"creationTimestamp": "2026-02-30T00:00:00Z"}},
            r'parsing time "\"2026-02-30T00:00:00Z\"" as "2006-01-02T15:04:05Z07:00": cannot parse "2026-02-30T00:00:00Z"',
        ),
    ],
)  # fmt: skip
def test_speaks_go(body: dict[str, Any], message: str) -> None:
    """The innermost struct, the path without indexes and keys, and Go's name of the type."""
    with pytest.raises(BadRequest) as refused:
        to_model(Pod, check(Pod, body).body, api_version="v1", kind="Pod")
    assert refused.value.message == f'Pod in version "v1" cannot be handled as a Pod: {message}'


def test_says_nothing_about_a_kind_it_was_not_told() -> None:
    """Without a kind (an options object, say) the problem stands alone; the group is never named."""
    with pytest.raises(
        BadRequest, match=r"^json: cannot unmarshal array into Go struct field Pod\.spec of type v1\.PodSpec$"
    ):
        to_model(Pod, {"spec": []})
    with pytest.raises(BadRequest, match=r'^Deployment in version "v1" cannot be handled as a Deployment: '):
        to_model(Pod, {"spec": []}, api_version="apps/v1", kind="Deployment")


def test_words_of_a_validator_are_kept() -> None:
    """Bytes that are no base64 are refused by the model's own check."""
    with pytest.raises(BadRequest, match=r"^illegal base64 data"):
        to_model(Secret, {"data": {"a": "%"}})


def test_a_time_that_must_be_there() -> None:
    """A required time has no zero value; its absence is named."""

    class Holder(Model):
        conditions: list[Condition]

    body = check(Holder, {"conditions": [{"type": "Ready"}]}).body
    with pytest.raises(BadRequest) as refused:
        to_model(Holder, body)
    assert refused.value.message == "conditions[0].lastTransitionTime: Required value"


def test_what_yaml_found_is_one_error() -> None:
    """go-yaml reports all its lines together, and the others follow."""
    problems = ['line 2: key "a" already set in map', 'line 9: key "b" already set in map', 'unknown field "c"']
    assert strict_error(problems) == (
        "strict decoding error: yaml: unmarshal errors:\n"
        '  line 2: key "a" already set in map\n  line 9: key "b" already set in map, unknown field "c"'
    )


def test_strict_error_joins_all_problems() -> None:
    """All findings in one sentence, as Kubernetes' strict decoder says them."""
    assert strict_error(('unknown field "a"', 'duplicate field "b"')) == (
        'strict decoding error: unknown field "a", duplicate field "b"'
    )


names = st.sampled_from(
    [
        "metadata",
        "spec",
        "status",
        "containers",
        "labels",
        "name",
        "image",
        "resources",
        "limits",
        "ports",
        "env",
        "volumes",
    ]
)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(names, children, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(names, json))
def test_garbage_raises_nothing_but_bad_request(body: dict[str, Any]) -> None:
    """Whatever JSON a client sends, it is a pod or a BadRequest with a text."""
    try:
        pod = to_model(Pod, check(Pod, body).body)
    except BadRequest:
        return
    assert check(Pod, pod.to_dict()).unknown == ()
