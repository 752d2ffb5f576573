"""What is made of an answer, whoever sent it."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeorch_server.webhooks.answers import read_answer
from edgeorch_server.webhooks.failures import CallFailed, Denied

PATCH = base64.b64encode(b'[{"op":"remove","path":"/a"}]').decode()
INVALID = "received invalid webhook response: "


def encoded(response: Any, **review: Any) -> bytes:
    about = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
    return orjson.dumps(about | review)


@pytest.mark.parametrize(
    ("data", "mutating", "why"),
    [
        (b"<html>", True, "failed to call webhook: "),
        (b"[]", True, INVALID + "webhook response was absent"),
        (encoded(None), True, INVALID + "webhook response was absent"),
        (encoded("yes"), True, INVALID + "webhook response was absent"),
        (encoded({"uid": "2", "allowed": True}), True, INVALID + 'expected response.uid="1", got "2"'),
        (encoded({"allowed": True}), True, INVALID + 'expected response.uid="1", got ""'),
        (
            encoded({"uid": "1"}, apiVersion="v1", kind="Pod"),
            True,
            INVALID
            + "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /v1, Kind=Pod",
        ),
        (
            encoded({"uid": "1", "patch": PATCH}),
            True,
            INVALID + "webhook returned response.patch but not response.patchType",
        ),
        (
            encoded({"uid": "1", "patchType": "JSONPatch"}),
            True,
            INVALID + "webhook returned response.patchType but not response.patch",
        ),
        (encoded({"uid": "1", "patch": PATCH, "patchType": "Merge"}), True, 'unsupported patch type "Merge"'),
        (
            encoded({"uid": "1", "patch": "%", "patchType": "JSONPatch"}),
            True,
            "received undecodable patch in webhook response: ",
        ),
        (
            encoded({"uid": "1", "patch": "e30=", "patchType": "JSONPatch"}),
            True,
            "received undecodable patch in webhook response: it is no list of operations",
        ),
        (
            encoded({"uid": "1", "patch": PATCH}),
            False,
            INVALID + "validating webhook may not return response.patch",
        ),
        (
            encoded({"uid": "1", "patchType": "JSONPatch"}),
            False,
            INVALID + "validating webhook may not return response.patchType",
        ),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else None,
)
def test_what_is_no_answer_is_a_failure(data: bytes, mutating: bool, why: str) -> None:
    """Kubernetes' sentences for an answer that is not one (``VerifyAdmissionResponse``)."""
    with pytest.raises(CallFailed) as refused:
        read_answer(data, "1", "v1", mutating=mutating)
    assert str(refused.value).startswith(why)


def test_an_answer_is_read() -> None:
    """Patch, warnings and annotations arrive as they were meant."""
    answer = read_answer(
        encoded(
            {
                "uid": "1",
                "allowed": True,
                "patch": PATCH,
                "patchType": "JSONPatch",
                "warnings": ["mind"],
                "auditAnnotations": {"why": "so", "odd": 1},
            }
        ),
        "1",
        "v1",
        mutating=True,
    )
    assert answer.allowed
    assert answer.patch == [{"op": "remove", "path": "/a"}]
    assert answer.warnings == ("mind",)
    assert answer.annotations == {"why": "so"}


def test_v1beta1_is_not_held_to_its_uid() -> None:
    """Webhooks of that time did not have to return it, nor name the patch's type."""
    answer = read_answer(
        b'{"response":{"allowed":true,"patch":"%s"}}' % PATCH.encode(), "1", "v1beta1", mutating=True
    )
    assert answer.allowed
    assert answer.patch


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["uid", "allowed", "status", "patch", "patchType", "warnings", "auditAnnotations", "code"]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
def test_no_answer_breaks_anything(response: Any) -> None:
    """Whatever comes as a response is an answer or a failure, and an answer can always be told to clients."""
    try:
        answer = read_answer(encoded(response), "1", "v1beta1", mutating=True)
    except CallFailed:
        return
    status = Denied("a.b.c", answer.status).to_status()
    assert status["code"] >= 400
    assert orjson.loads(orjson.dumps(status))["status"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(None, {"message": "without explanation", "code": 400}, id="nothing said"),
        pytest.param({"message": "no"}, {"message": ": no", "code": 400}, id="a message"),
        pytest.param({"reason": "Bad"}, {"message": ": Bad", "reason": "Bad", "code": 400}, id="a reason only"),
        pytest.param({"message": "no", "code": 403}, {"message": ": no", "code": 403}, id="a code"),
        pytest.param({"message": "no", "code": 200}, {"message": ": no", "code": 400}, id="a code of success"),
        pytest.param({"message": "no", "code": 9000}, {"message": ": no", "code": 400}, id="no code at all"),
        pytest.param({"status": "Success"}, {"message": "without explanation", "code": 400}, id="a success"),
    ],
)
def test_a_refusal_is_told_as_kubernetes_tells_it(
    status: dict[str, Any] | None, expected: dict[str, Any]
) -> None:
    """The webhook's Status, made to be a failure, and who refused (``ToStatusErr``)."""
    told = Denied("a.b.c", status).to_status()
    text = expected.pop("message")
    separator = "" if text.startswith(":") else " "
    assert told.pop("message") == f'admission webhook "a.b.c" denied the request{separator}{text}'
    assert told == {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", **expected}
