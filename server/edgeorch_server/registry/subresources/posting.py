"""What a POST to a subresource goes through before it is done: it is read, and webhooks are asked about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo, api_version
from edgeorch_server.registry import messages
from edgeorch_server.registry.admission.base import Attributes, Operation
from edgeorch_server.registry.base import WriteOptions
from edgeorch_server.registry.decoding import decode_foreign
from edgeorch_server.registry.steps import Pause, Steps


def decode_posted(
    resource: ResourceInfo[Object], subresource: str, body: dict[str, Any], options: WriteOptions
) -> Object:
    """Read a body as what this subresource takes; raises BadRequest."""
    sub = resource.subresource(subresource)
    if sub is None or sub.model is None:
        raise messages.not_served()
    version = api_version(sub.group, sub.version)
    given = decode_foreign(sub.model, body, version, sub.kind, options)
    given.apiVersion, given.kind = version, sub.kind
    return given


def reviewed(
    resource: ResourceInfo[Object],
    namespace: str,
    name: str,
    subresource: str,
    given: Object,
    options: WriteOptions,
) -> Steps[Object]:
    """Let webhooks change what is posted, or refuse it: to them it is a CREATE."""
    write = Attributes(
        Operation.CREATE,
        resource,
        namespace,
        name,
        options.user,
        obj=given,
        subresource=subresource,
        dry_run=options.dry_run,
        warnings=options.warnings,
    )
    heard = yield Pause(write, lambda _obj: None)
    if heard is not None and heard.changed is not None:
        given = heard.changed
    yield Pause(replace(write, obj=given))
    return given
