"""Establishes definitions, and empties their kinds before they go.

In Kubernetes these are several controllers (``naming``, ``establish``, ``finalizer``, ``openapi``); here one
sees to it that a kind is served before its definition says so, and that nothing of it is left when that goes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from edgeorch.api.apiextensions.conditions import ESTABLISHED, NAMES_ACCEPTED, TERMINATING, with_condition
from edgeorch.api.apiextensions.definition import CustomResourceDefinition, CustomResourceDefinitionCondition
from edgeorch.api.apiextensions.resources import CUSTOM_RESOURCE_DEFINITIONS
from edgeorch.api.custom.kind import CustomObject, custom_version, is_custom
from edgeorch.api.meta import DeleteOptions, Object, format_time
from edgeorch.api.resources import ResourceInfo, ResourceTable
from edgeorch.errors import NotFound
from edgeorch_server.controllers.definitions import names
from edgeorch_server.controllers.definitions.holders import Holders
from edgeorch_server.controllers.definitions.names import Naming
from edgeorch_server.controllers.definitions.serving import CustomKinds
from edgeorch_server.controllers.runner import DONE, Controller, Key, KeysOf, Result, Sources
from edgeorch_server.registry.base import Client, ListOptions
from edgeorch_server.registry.strategies.definitions import CLEANUP
from edgeorch_server.store.base import Entry

POLL_SECONDS = 60.0
"""How long objects that finalizers keep are waited for until they are looked at again; the end of each of them
wakes the controller before that."""

_ALL = Key("", "")
"""A name that one definition gives up may be what another waits for: all are looked at together."""


def everything(entry: Entry) -> Iterable[Key]:
    """Map a definition to itself, and to all."""
    return (Key("", entry.name), _ALL)


def sources(table: ResourceTable) -> Sources:
    """Definitions, and the objects of those kinds that are being emptied: others are nobody's business here."""

    def wanted(info: ResourceInfo[Any]) -> bool:
        version = custom_version(info)
        return version.ending if version else info.key == CUSTOM_RESOURCE_DEFINITIONS.key

    def keys_of(info: ResourceInfo[Any]) -> KeysOf:
        definition = (Key("", info.key),)  # which is called as its kind is
        return (lambda _object: definition) if is_custom(info) else everything

    return Sources(table, wanted, keys_of)


class Definitions:
    """Reconciles one definition, or the names of all."""

    def __init__(self, client: Client, kinds: CustomKinds, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._kinds = kinds
        self._now = now
        self._holders = Holders(client)

    async def reconcile(self, key: Key) -> Result:
        """Serve what may be served, and end what is to go."""
        if key == _ALL:
            for holder in self._holders.all():
                if holder.waits:
                    await self.reconcile(Key("", holder.name))
            return DONE
        try:
            definition = self._client.get(CUSTOM_RESOURCE_DEFINITIONS, "", key.name)
        except NotFound:
            self._kinds.drop(key.name)
            return DONE
        if definition.metadata.deletionTimestamp is None:
            await self._establish(definition)
            return DONE
        return await self._end(definition)

    async def _establish(self, definition: CustomResourceDefinition) -> None:
        others = (other for other in self._holders.all() if other.name != definition.metadata.name)
        taken = names.taken_by(definition.spec.group, others, self._kinds.stored.fixed)
        naming = names.name(definition, taken)
        if naming.free or definition.condition(ESTABLISHED) == "True":
            self._kinds.serve(definition)
        before = definition.status.model_copy(deep=True)
        definition.status.acceptedNames = naming.accepted
        for condition in self._conditions(definition, naming):
            definition.status.conditions = with_condition(definition.status.conditions, condition)
        if definition.status != before:
            await self._client.update_status(CUSTOM_RESOURCE_DEFINITIONS, definition)

    def _conditions(
        self, definition: CustomResourceDefinition, naming: Naming
    ) -> Iterable[CustomResourceDefinitionCondition]:
        when = format_time(self._now())
        yield CustomResourceDefinitionCondition(
            type=NAMES_ACCEPTED,
            status="True" if naming.free else "False",
            lastTransitionTime=when,
            reason=naming.reason,
            message=naming.message,
        )
        if definition.condition(ESTABLISHED) == "True":
            return  # once established, it stays so
        yield CustomResourceDefinitionCondition(
            type=ESTABLISHED,
            status="True" if naming.free else "False",
            lastTransitionTime=when,
            reason="InitialNamesAccepted" if naming.free else "NotAccepted",
            message="the initial names have been accepted" if naming.free else "not all names are accepted",
        )

    async def _end(self, definition: CustomResourceDefinition) -> Result:
        """Delete all objects; once there are none, let the definition go."""
        meta = definition.metadata
        if CLEANUP not in meta.finalizers:
            return DONE
        if definition.condition(ESTABLISHED) == "True":
            self._kinds.serve(definition)
        info = self._kinds.kind(meta.name)
        if info is not None:
            await self._empty(info)
            if self._client.list_entries(info, ListOptions(limit=1)).entries:
                await self._tell(definition)
                return Result(requeue_after=POLL_SECONDS)
            self._kinds.drop(meta.name)
        meta.finalizers = [name for name in meta.finalizers if name != CLEANUP]
        await self._client.update(CUSTOM_RESOURCE_DEFINITIONS, definition)
        return DONE

    async def _empty(self, info: ResourceInfo[CustomObject]) -> None:
        for entry in self._client.list_entries(info, ListOptions()).entries:
            if Object.from_json(entry.data).metadata.deletionTimestamp is None:
                try:
                    await self._client.delete(info, entry.namespace, entry.name, DeleteOptions())
                except NotFound:
                    continue

    async def _tell(self, definition: CustomResourceDefinition) -> None:
        before = definition.status.conditions
        definition.status.conditions = with_condition(
            before,
            CustomResourceDefinitionCondition(
                type=TERMINATING,
                status="True",
                lastTransitionTime=format_time(self._now()),
                reason="InstanceDeletionInProgress",
                message="CustomResource deletion is in progress",
            ),
        )
        if definition.status.conditions != before:
            await self._client.update_status(CUSTOM_RESOURCE_DEFINITIONS, definition)


def definition_controller(client: Client, kinds: CustomKinds, now: Callable[[], dt.datetime]) -> Controller:
    """Put the controller together."""
    reconciler = Definitions(client, kinds, now)
    return Controller("custom-resource-definitions", reconciler, sources(kinds.stored), client)
