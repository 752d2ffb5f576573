"""What goes wrong with webhooks, in the words of ``k8s.io/apiserver/pkg/util/webhook``."""

from __future__ import annotations

from typing import Any

from edgeorch.errors import ApiError, BadRequest, EdgeorchError, GatewayTimeout, InternalError
from edgeorch_server.registry import messages

_LEAST_REFUSAL = 400
_MOST_STATUS = 599


class CallFailed(EdgeorchError):
    """A webhook could not be asked, or has not answered as it should; its failure policy says what follows."""


class Denied(ApiError):
    """A webhook has refused: its own Status, as far as it is one (``ToStatusErr``)."""

    def __init__(self, webhook: str, status: dict[str, Any] | None) -> None:
        given = status or {}
        code, message, reason = given.get("code"), given.get("message"), given.get("reason")
        self._status = dict(given)
        denied = f"admission webhook {messages.quote(webhook)} denied the request"
        text = message or reason
        super().__init__(f"{denied}: {text}" if text else f"{denied} without explanation")
        self.code = code if isinstance(code, int) and _LEAST_REFUSAL <= code <= _MOST_STATUS else _LEAST_REFUSAL

    def to_status(self) -> dict[str, Any]:
        """Give what the webhook said, made to be a refusal."""
        said = self._status.get("status")
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure" if said in {None, "", "Success"} else said,
            "message": self.message,
        }
        status |= {name: self._status[name] for name in ("reason", "details") if self._status.get(name)}
        status["code"] = self.code
        return status


def failed(webhook: str, why: CallFailed) -> InternalError:
    """Refuse a write because its webhook failed, and may not."""
    return InternalError(f"Internal error occurred: failed calling webhook {messages.quote(webhook)}: {why}")


def cannot_modify(webhook: str) -> InternalError:
    """Refuse a patch where there is nothing to change: a delete."""
    return internal(
        f"admission webhook {messages.quote(webhook)} attempted to modify the object, "
        "which is not supported for this operation"
    )


def internal(why: str) -> InternalError:
    """Refuse what a webhook has made of an object."""
    return InternalError(f"Internal error occurred: {why}")


def no_dry_run(webhook: str) -> BadRequest:
    """Refuse a dry run that a webhook would not leave without traces."""
    return BadRequest(f"admission webhook {messages.quote(webhook)} does not support dry run")


def too_slow() -> GatewayTimeout:
    """Tell that all webhooks together took longer than a request may."""
    return GatewayTimeout("Timeout: request did not complete within requested timeout")
