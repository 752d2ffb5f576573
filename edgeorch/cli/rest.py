"""The command line's REST client: requests in, decoded JSON or :class:`ApiError` out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx

from edgeorch.cli.access import Access
from edgeorch.errors import UserError, from_status

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
FIELD_MANAGER = "edgeorch-client-side-apply"


class ConnectionFailed(UserError):
    """The API server cannot be reached."""


class RestClient:
    """Speaks to one cluster. Use it as a context manager."""

    def __init__(self, access: Access, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {access.token}"} if access.token else {}
        self.namespace = access.namespace
        self._server = access.server
        self._http = httpx.Client(
            base_url=access.server,
            verify=True if transport else access.ssl_context(),
            headers={"User-Agent": "edgeorch", **headers},
            timeout=httpx.Timeout(30.0, read=60.0),
            transport=transport,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """Send one request; raises what the server's Status stands for, or :class:`ConnectionFailed`."""
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = content_type
        with self._errors():
            answer = self._http.request(method, path, params=params, json=body, headers=headers)
            return self._decoded(answer)

    @contextmanager
    def stream(
        self, path: str, *, params: Mapping[str, str] | None = None, accept: str = "application/json"
    ) -> Iterator[httpx.Response]:
        """Open a long answer (a log, a watch); the caller reads it piece by piece."""
        with (
            self._errors(),
            self._http.stream(
                "GET", path, params=params, headers={"Accept": accept}, timeout=httpx.Timeout(30.0, read=None)
            ) as answer,
        ):
            if answer.is_error:
                answer.read()
                self._decoded(answer)
            yield answer

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as exc:
            raise ConnectionFailed(
                f"cannot reach the API server at {self._server}: {exc} - is it running? (`edgeorch up`, or "
                "`systemctl status edgeorch-server`)"
            ) from exc
        except httpx.HTTPError as exc:
            raise ConnectionFailed(
                f"the connection to {self._server} failed: {exc or type(exc).__name__}"
            ) from exc

    @staticmethod
    def _decoded(answer: httpx.Response) -> Any:
        try:
            body = answer.json()
        except ValueError as exc:
            raise ConnectionFailed(f"{answer.url} answered {answer.status_code} and no JSON") from exc
        if answer.is_error:
            raise from_status(body if isinstance(body, dict) else {"code": answer.status_code})
        return body
