"""What a webhook is shown of a write, in the version that it wants to see, and the way back."""

from __future__ import annotations

from typing import Any

import orjson

from edgeorch.api import field_check, type_errors
from edgeorch.api.meta import DeleteOptions, Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import ApiError, BadRequest
from edgeorch_server.registry.admission.base import Attributes, Operation
from edgeorch_server.registry.gate import Request
from edgeorch_server.webhooks import failures

_OPTIONS = {Operation.CREATE: "CreateOptions", Operation.UPDATE: "UpdateOptions"}


class Subject:
    """A write that webhooks are asked about; ``obj`` is what has become of the object until now."""

    def __init__(self, request: Request, write: Attributes) -> None:
        self.request = request
        self.write = write
        self.obj = write.obj

    @property
    def namespace(self) -> str:
        """Where it is; a namespace is in itself."""
        write = self.write
        return self.name if write.resource.group_resource == "namespaces" else write.namespace

    @property
    def name(self) -> str:
        """What it is called, if it has a name yet."""
        return self.obj.metadata.name if self.obj and not self.write.subresource else self.write.name

    def review(self, uid: str, version: ResourceInfo[Object]) -> dict[str, Any]:
        """Give the request of an AdmissionReview (admission.k8s.io/v1 AdmissionRequest)."""
        write, asked = self.write, self.request.resource
        told: dict[str, Any] = {
            "uid": uid,
            "kind": self._kind(version),
            "resource": _resource(version),
            "subResource": write.subresource,
            "requestKind": self._kind(asked),
            "requestResource": _resource(asked),
            "requestSubResource": write.subresource,
            "name": self.name,
            "namespace": self.namespace,
        }
        told = {name: value for name, value in told.items() if value}
        user = write.user
        who = {
            "username": user.name,
            "uid": user.uid,
            "groups": list(user.groups),
            "extra": {name: list(values) for name, values in user.extra.items()},
        }
        return told | {
            "operation": str(write.operation),
            "userInfo": {name: value for name, value in who.items() if value},
            "object": self.shown(self.obj, version),
            "oldObject": self.shown(write.old, version),
            "dryRun": write.dry_run,
            "options": self._options(),
        }

    def shown(self, obj: Object | None, version: ResourceInfo[Object]) -> dict[str, Any] | None:
        """Give an object as JSON."""
        if obj is None:
            return None
        if self.request.form:
            obj = self.request.form.show(obj)
        elif not self._foreign and version.conversion:
            obj = version.conversion.from_stored(obj)
        body: dict[str, Any] = orjson.loads(obj.to_json())
        return body

    def changed(self, body: dict[str, Any], version: ResourceInfo[Object]) -> Object:
        """Give the object that a webhook has made; raises InternalError for what is none of this kind."""
        form, model = self.request.form, version.model
        assert self.obj is not None, "there is something to change"
        if form:
            model = form.resource.model
        elif self._foreign:
            model = type(self.obj)
        try:
            given = type_errors.to_model(model, field_check.check(model, body).body)
            if form:
                return form.merge(given, self.obj)
        except BadRequest as exc:
            raise failures.internal(exc.message) from exc
        if not self._foreign and version.conversion:
            try:
                return version.conversion.to_stored(given)
            except ApiError as exc:
                raise failures.internal(exc.message) from exc
        return given

    @property
    def _foreign(self) -> bool:
        """Whether what is written is no object of the resource's kind: a Binding, an Eviction."""
        sub = self.request.resource.subresource(self.write.subresource)
        return bool(sub and sub.kind and not self.request.form)

    def _kind(self, version: ResourceInfo[Object]) -> dict[str, str]:
        sub = version.subresource(self.write.subresource)
        if sub and sub.kind:
            return {"group": sub.group, "version": sub.version, "kind": sub.kind}
        return {"group": version.group, "version": version.version, "kind": version.kind}

    def _options(self) -> dict[str, Any]:
        options, delete = self.request.options, self.request.delete
        if self.write.operation is Operation.DELETE:
            told = (delete or DeleteOptions()).to_dict()
            return {**told, "kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"}
        told = {"kind": _OPTIONS[self.write.operation], "apiVersion": "meta.k8s.io/v1"}
        if options.dry_run:
            told["dryRun"] = ["All"]
        if options.field_manager:
            told["fieldManager"] = options.field_manager
        return told | {"fieldValidation": options.field_validation}


def _resource(version: ResourceInfo[Object]) -> dict[str, str]:
    return {"group": version.group, "version": version.version, "resource": version.plural}
