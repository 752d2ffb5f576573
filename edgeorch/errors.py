"""The one error tree of edgeorch.

::

    EdgeorchError
    ├── UserError                 a person's mistake: one line that says what to do, and an exit code
    ├── Terminal                  retrying cannot help (a controller's work item, a call)
    └── ApiError                  has a Kubernetes Status: code, reason, message, details
        ├── BadRequest            400  BadRequest
        ├── Unauthorized          401  Unauthorized
        ├── Forbidden             403  Forbidden
        ├── NotFound              404  NotFound
        ├── MethodNotAllowed      405  MethodNotAllowed
        ├── NotAcceptable         406  NotAcceptable
        ├── Conflict              409  Conflict
        │   └── AlreadyExists     409  AlreadyExists
        ├── Expired               410  Expired
        ├── RequestEntityTooLarge 413  RequestEntityTooLarge
        ├── UnsupportedMediaType  415  UnsupportedMediaType
        ├── Invalid               422  Invalid
        ├── TooManyRequests       429  TooManyRequests
        ├── InternalError         500  InternalError
        ├── ServiceUnavailable    503  ServiceUnavailable
        ├── GatewayTimeout        504  Timeout
        └── InsufficientStorage   507  InsufficientStorage

Reasons and codes are those of ``k8s.io/apimachinery/pkg/api/errors``; ``InsufficientStorage`` is ours
(Kubernetes has no word for a full disk) with HTTP's own code for it. A library's exception never leaves
its adapter: adapters raise one of these ``from`` it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


class EdgeorchError(Exception):
    """Root of everything edgeorch raises on purpose."""


class UserError(EdgeorchError):
    """A person's mistake: ``str(error)`` is the one line they see, ``exit_code`` what the process returns."""

    exit_code: ClassVar[int] = 1
    permanent: ClassVar[bool] = False
    """Trying again cannot help: a person has to mend something first. A daemon then stays down."""


class Terminal(EdgeorchError):
    """Retrying cannot help: a controller drops the item until its object changes."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One ``details.causes`` entry of a Status: reason (``FieldValueRequired``...), message and field path."""

    reason: str
    message: str
    field: str = ""


class ApiError(EdgeorchError):
    """An error with a Kubernetes ``Status``.

    ``message`` is what kubectl prints. ``group``, ``kind`` (for most errors the plural resource name, as
    Kubernetes does it), ``name`` and ``uid`` say what it is about; ``retry_after`` is in seconds. ``continue_``
    is where a list may go on that cannot go on as it began.
    """

    code: int = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(
        self,
        message: str,
        *,
        group: str = "",
        kind: str = "",
        name: str = "",
        uid: str = "",
        causes: tuple[Cause, ...] = (),
        retry_after: int = 0,
        continue_: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.group = group
        self.kind = kind
        self.name = name
        self.uid = uid
        self.causes = causes
        self.retry_after = retry_after
        self.continue_ = continue_

    def to_status(self) -> dict[str, Any]:
        """Give the meta/v1 Status, members in Kubernetes' order and empty ones left out."""
        about = {"name": self.name, "group": self.group, "kind": self.kind, "uid": self.uid}
        details: dict[str, Any] = {key: value for key, value in about.items() if value}
        if self.causes:
            details["causes"] = [
                {"reason": c.reason, "message": c.message, **({"field": c.field} if c.field else {})}
                for c in self.causes
            ]
        if self.retry_after:
            details["retryAfterSeconds"] = self.retry_after
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_} if self.continue_ else {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if details:
            status["details"] = details
        status["code"] = self.code
        return status


class BadRequest(ApiError):
    """The request cannot be understood (malformed body, unknown parameter value)."""

    code = 400
    reason = "BadRequest"


class Unauthorized(ApiError):
    """Nobody we know: no valid certificate or token came with the request."""

    code = 401
    reason = "Unauthorized"


class Forbidden(ApiError):
    """Known, but not allowed; or refused by admission."""

    code = 403
    reason = "Forbidden"


class NotFound(ApiError):
    """No such object, or no such path."""

    code = 404
    reason = "NotFound"


class MethodNotAllowed(ApiError):
    """The resource does not know this verb."""

    code = 405
    reason = "MethodNotAllowed"


class NotAcceptable(ApiError):
    """None of the media types the client accepts can be produced."""

    code = 406
    reason = "NotAcceptable"


class Conflict(ApiError):
    """The object has changed since the caller read it, or a precondition failed."""

    code = 409
    reason = "Conflict"


class AlreadyExists(Conflict):
    """A create met an object of that name."""

    reason = "AlreadyExists"


class Expired(ApiError):
    """The requested resourceVersion or continue token is too old: list again."""

    code = 410
    reason = "Expired"


class RequestEntityTooLarge(ApiError):
    """The body is over the limit."""

    code = 413
    reason = "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    """The body's Content-Type is not one we read here."""

    code = 415
    reason = "UnsupportedMediaType"


class Invalid(ApiError):
    """The object is well formed but breaks validation; ``causes`` names each field."""

    code = 422
    reason = "Invalid"


class TooManyRequests(ApiError):
    """Try again after ``retry_after`` seconds (an eviction against its budget, an overloaded server)."""

    code = 429
    reason = "TooManyRequests"


class InternalError(ApiError):
    """A fault of ours."""

    code = 500
    reason = "InternalError"


class ServiceUnavailable(ApiError):
    """What is needed to answer is away right now (a node that is not connected, a server that stops)."""

    code = 503
    reason = "ServiceUnavailable"


class GatewayTimeout(ApiError):
    """A node did not answer in time."""

    code = 504
    reason = "Timeout"


class InsufficientStorage(ApiError):
    """The disk is full: nothing was stored; reads go on."""

    code = 507
    reason = "InsufficientStorage"


def _known(root: type[ApiError]) -> dict[tuple[int, str], type[ApiError]]:
    """Give the classes that stand for a reason; those without one of their own are made of something else."""
    found = {(root.code, root.reason): root} if "reason" in vars(root) else {}
    for child in root.__subclasses__():
        found |= _known(child)
    return found


def from_status(status: dict[str, Any]) -> ApiError:
    """Turn a Status (as a client received it) back into the error it stands for.

    An unknown reason falls back to the class of its code, an unknown code to :class:`ApiError`.
    """
    known = _known(ApiError)
    code, reason = int(status.get("code") or 500), str(status.get("reason") or "")
    by_code = {c: cls for (c, _), cls in reversed(known.items())}
    cls = known.get((code, reason)) or by_code.get(code) or ApiError
    details = status.get("details") or {}
    return cls(
        str(status.get("message") or reason or "unknown error"),
        group=str(details.get("group") or ""),
        kind=str(details.get("kind") or ""),
        name=str(details.get("name") or ""),
        uid=str(details.get("uid") or ""),
        causes=tuple(
            Cause(str(c.get("reason") or ""), str(c.get("message") or ""), str(c.get("field") or ""))
            for c in details.get("causes") or ()
        ),
        retry_after=int(details.get("retryAfterSeconds") or 0),
        continue_=str((status.get("metadata") or {}).get("continue") or ""),
    )
