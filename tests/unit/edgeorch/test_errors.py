import pytest

from edgeorch.errors import (
    AlreadyExists,
    ApiError,
    Cause,
    Conflict,
    InsufficientStorage,
    InternalError,
    Invalid,
    NotFound,
    TooManyRequests,
    from_status,
)


def test_a_status_has_kubernetes_members_in_kubernetes_order() -> None:
    """Clients compare Status bodies byte for byte: order kind, apiVersion, metadata, status, message, reason, details, code."""
    status = NotFound('pods "x" not found', kind="pods", name="x").to_status()
    assert list(status) == ["kind", "apiVersion", "metadata", "status", "message", "reason", "details", "code"]
    assert status["details"] == {"name": "x", "kind": "pods"}


def test_empty_details_are_left_out() -> None:
    """A Status without details has no such member."""
    assert "details" not in ApiError("boom").to_status()


@pytest.mark.parametrize(
    "error",
    [
        NotFound("no", kind="pods", name="x"),
        AlreadyExists("there", kind="pods", name="x"),
        Conflict("changed", group="apps", kind="deployments", name="d"),
        Invalid("bad", causes=(Cause("FieldValueRequired", "Required value", "spec.containers"),)),
        TooManyRequests("later", retry_after=5),
        InsufficientStorage("disk full"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_an_error_survives_the_way_through_a_status(error: ApiError) -> None:
    """What a server raises is what its client raises."""
    back = from_status(error.to_status())
    assert type(back) is type(error)
    assert back.to_status() == error.to_status()


def test_an_unknown_reason_falls_back_to_its_code() -> None:
    """A newer server may use reasons that we do not know."""
    assert type(from_status({"code": 409, "reason": "Unheard", "message": "m"})) is Conflict
    assert type(from_status({"code": 418})) is ApiError


def test_an_error_made_of_something_else_stands_for_no_reason() -> None:
    """A class without a reason of its own may be made in its own way; no Status is turned into it."""

    class Told(ApiError):
        def __init__(self, who: str) -> None:
            super().__init__(f"{who} told us")

    assert type(from_status(Told("somebody").to_status())) is InternalError
