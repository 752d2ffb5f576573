"""Asks one webhook: finds out where it is, sends the review, and gives the bytes of the answer."""

from __future__ import annotations

import asyncio
import math
import ssl
from typing import Protocol
from urllib.parse import urlsplit

import orjson

from edgeorch_server.registry.admission.base import Lookup
from edgeorch_server.webhooks.failures import CallFailed
from edgeorch_server.webhooks.hooks import Hook
from edgeorch_server.webhooks.https import Destination, post, tls_for
from edgeorch_server.webhooks.services import HTTPS, resolve

_SUCCESS = range(200, 207)
_SERVER_ERRORS = 500
_TOLD = 1024
"""Characters of an answer that an error shows."""

_WORDS = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    403: "forbidden",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    413: "Request entity too large",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, "
    "but may still be processing the request",
}
"""What clients of Kubernetes say of an answer that is not one (``NewGenericServerResponse``)."""


class Caller(Protocol):
    """Takes a review to a webhook."""

    async def call(self, hook: Hook, review: bytes) -> bytes:
        """Give the answer's body; raises CallFailed, also when the webhook's time is over."""
        ...


class HttpsCaller:
    """Over the network; ``objects`` knows Services and their endpoints."""

    def __init__(self, objects: Lookup) -> None:
        self._objects = objects
        self._tls: dict[str, ssl.SSLContext] = {}
        """By ``caBundle``: reading certificates takes longer than most calls."""

    async def call(self, hook: Hook, review: bytes) -> bytes:
        """Ask, within the webhook's time, of which waiting for a turn is a part."""
        tls = self._trust(hook.client.caBundle)
        url = _url(hook)
        try:
            async with asyncio.timeout(hook.timeout), hook.slots:
                status, body = await post(self._destination(hook, url), tls, review)
        except TimeoutError as exc:
            raise CallFailed(f'failed to call webhook: Post "{url}": context deadline exceeded') from exc
        if status not in _SUCCESS:
            raise CallFailed(f"failed to call webhook: {_refusal(status, body)}")
        return body

    def _trust(self, ca_bundle: str) -> ssl.SSLContext:
        known = self._tls.get(ca_bundle)
        if known is None:
            if len(self._tls) >= _CONTEXTS:
                self._tls.clear()
            known = self._tls[ca_bundle] = tls_for(ca_bundle)
        return known

    def _destination(self, hook: Hook, url: str) -> Destination:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or HTTPS
        except ValueError as exc:
            raise CallFailed(f"could not get REST client: {exc}") from exc
        name, authority = host, parts.netloc
        if service := hook.client.service:
            try:
                host, port = resolve(self._objects, service)
            except CallFailed as exc:
                raise CallFailed(f'failed to call webhook: Post "{url}": {exc}') from exc
        return Destination(url, host, port, name, authority, f"{parts.path or '/'}?{parts.query}")


_CONTEXTS = 64
"""Sets of trusted certificates that are kept."""


def _url(hook: Hook) -> str:
    """Name the webhook as Kubernetes does; the query tells it how long its answer is waited for."""
    client = hook.client
    base = client.url or ""
    if service := client.service:
        path = service.path or "/"
        base = f"https://{service.name}.{service.namespace}.svc:{service.port or HTTPS}{path}"
    return f"{base}?timeout={math.ceil(hook.timeout)}s"


def _refusal(status: int, body: bytes) -> str:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    if isinstance(told, dict) and told.get("kind") == "Status" and isinstance(told.get("message"), str):
        return str(told["message"])[:_TOLD]
    if words := _WORDS.get(status):
        return words
    if status >= _SERVER_ERRORS:
        text = orjson.dumps(body.decode("utf-8", "replace").strip()[:_TOLD]).decode()
        return f"an error on the server ({text}) has prevented the request from succeeding"
    return f"the server responded with the status code {status} but did not return more information"
