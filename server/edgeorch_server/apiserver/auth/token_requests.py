"""``serviceaccounts/token``: a token of a ServiceAccount, on request (``TokenREST``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edgeorch.api.authentication.reviews import BoundObjectReference, TokenRequest, TokenRequestStatus
from edgeorch.api.authentication.validation import default_token_request, validate_token_request
from edgeorch.api.core.resources import NODES, PODS, SECRETS, SERVICE_ACCOUNTS
from edgeorch.api.core.service_account import ServiceAccount
from edgeorch.api.meta import Object, ObjectMeta, format_time
from edgeorch.api.validation import invalid
from edgeorch.errors import BadRequest, Conflict, NotFound
from edgeorch_server.access.account_tokens import ISSUER, Account, Named, new_token
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.apiserver.posted import Post
from edgeorch_server.registry.base import Reader
from edgeorch_server.registry.decoding import decode_foreign

KEY = "serviceaccounts/token"
"""Where it is posted to."""
_API_VERSION, _KIND = "authentication.k8s.io/v1", "TokenRequest"


class TokenRequests:
    """Signs tokens; ``now`` is aware."""

    def __init__(self, reader: Reader, key: SigningKey, now: Callable[[], dt.datetime]) -> None:
        self._reader = reader
        self._key = key
        self._now = now

    async def answer(self, post: Post) -> Object:
        """Make a token; raises NotFound, Invalid, BadRequest and Conflict."""
        request: TokenRequest = decode_foreign(TokenRequest, post.body, _API_VERSION, _KIND, post.options)
        account = self._reader.get(SERVICE_ACCOUNTS, post.namespace, post.name)
        _check_name(request.metadata, post)
        default_token_request(request)
        if errors := validate_token_request(request):
            raise invalid(_KIND, "", errors, group="authentication.k8s.io")
        now = self._now().replace(microsecond=0)
        lifetime = dt.timedelta(seconds=request.spec.expirationSeconds or 0)
        try:
            expires = now + lifetime
        except OverflowError as exc:
            raise BadRequest("the token would outlive the calendar") from exc
        request.spec.audiences = request.spec.audiences or [ISSUER]
        bound = self._bound(account, request.spec.boundObjectRef)
        token = new_token(self._key, bound, request.spec.audiences, now, lifetime)
        request.apiVersion, request.kind = _API_VERSION, _KIND
        request.metadata = ObjectMeta(
            name=post.name, namespace=post.namespace, creationTimestamp=format_time(now)
        )
        request.status = TokenRequestStatus(token=token, expirationTimestamp=format_time(expires))
        return request

    def _bound(self, account: ServiceAccount, ref: BoundObjectReference | None) -> Account:
        """Look up the object that the token dies with."""
        meta = account.metadata
        named = Named(meta.name, meta.uid)
        if ref is None:
            return Account(meta.namespace, named)
        match ref.apiVersion, ref.kind:
            case "v1", "Pod":
                pod = self._reader.get(PODS, meta.namespace, ref.name)
                if pod.spec.serviceAccountName != meta.name:
                    raise BadRequest(
                        f'cannot bind token for serviceaccount "{meta.name}" to pod running with '
                        "different serviceaccount name."
                    )
                node = self._node(pod.spec.nodeName)
                return Account(meta.namespace, named, pod=_checked(ref, pod), node=node)
            case "v1", "Secret":
                secret = self._reader.get(SECRETS, meta.namespace, ref.name)
                return Account(meta.namespace, named, secret=_checked(ref, secret))
            case "v1", "Node":
                node_object = self._reader.get(NODES, "", ref.name)
                return Account(meta.namespace, named, node=_checked(ref, node_object))
        group, _, version = ref.apiVersion.rpartition("/")
        raise BadRequest(f"cannot bind token to object of type {group}/{version}, Kind={ref.kind}")

    def _node(self, name: str) -> Named | None:
        """Find the node a pod is on; a token may be asked for before there is one."""
        try:
            node = self._reader.get(NODES, "", name)
        except NotFound:
            return None
        return Named(name, node.metadata.uid)


def _check_name(meta: ObjectMeta, post: Post) -> None:
    if meta.name not in {"", post.name}:
        raise BadRequest(f"metadata.name is {meta.name}, the URL names {post.name}")
    if meta.namespace not in {"", post.namespace}:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def _checked(ref: BoundObjectReference, obj: Object) -> Named:
    uid = obj.metadata.uid
    if ref.uid and ref.uid != uid:
        raise Conflict(
            f'Operation cannot be fulfilled on {ref.kind} "{ref.name}": the UID in the bound object reference '
            f"({ref.uid}) does not match the UID in record. "
            "The object might have been deleted and then recreated",
            kind=ref.kind,
            name=ref.name,
        )
    return Named(ref.name, uid)
