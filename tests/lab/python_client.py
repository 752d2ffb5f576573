"""The official Python client's typed methods, found by kind: ``create_namespaced_config_map`` and its thousand sisters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.watch import Watch

from edgeorch.api.resources import ResourceInfo


def api_class(group: str, version: str) -> Any:
    """Give the class of an API group's methods; None when the client has none (``metrics.k8s.io``)."""
    words = group.removesuffix(".k8s.io").split(".") if group else ["core"]
    name = "".join(word.capitalize() for word in [*words, version])
    return getattr(client, f"{name}Api", None)


def snake_case(kind: str) -> str:
    """Write a kind as in the names of methods."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()


@dataclass(frozen=True, slots=True)
class Typed:
    """The typed methods of one kind, in one namespace if it lives in namespaces."""

    info: ResourceInfo[Any]
    api: client.ApiClient
    namespace: str

    def __call__(self, verb: str, *arguments: Any, **options: Any) -> Any:
        """Call a verb's method; the namespace is filled in. Raises what it raises: ApiException, ValidationError."""
        place = 0 if verb in {"create", "list"} else 1
        where = (self.namespace,) if self.info.namespaced else ()
        return self.method(verb)(*arguments[:place], *where, *arguments[place:], **options)

    def method(self, verb: str) -> Callable[..., Any]:
        """Find ``VERB_[namespaced_]KIND``."""
        where = "namespaced_" if self.info.namespaced else ""
        return self._find(f"{verb}_{where}{snake_case(self.info.kind)}")

    def everywhere(self) -> Any:
        """List all there are in the cluster."""
        where = "_for_all_namespaces" if self.info.namespaced else ""
        return self._find(f"list_{snake_case(self.info.kind)}{where}")()

    def watch(self, name: str, since: str, patience: int) -> list[tuple[str, Any]]:
        """Give the events of one object, with their types, from after a list until it is deleted."""
        place = {"namespace": self.namespace} if self.info.namespaced else {}
        watch = Watch()
        found = []
        for event in watch.stream(
            self.method("list"),
            **place,
            field_selector=f"metadata.name={name}",
            resource_version=since,
            timeout_seconds=patience,
        ):
            found.append((event["type"], event["object"]))
            if event["type"] == "DELETED":
                watch.stop()
        return found

    def _find(self, method: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(api_class(self.info.group, self.info.version)(self.api), method)
        return found
