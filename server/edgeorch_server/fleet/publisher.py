"""Keeps the retained desired state on the broker equal to what the index says.

A broker that forgot everything gets everything again; one that remembers is asked first what it holds
(:mod:`edgeorch_server.fleet.inventory`), and gets only the difference, removals included.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice

from edgeorch.api.core.config import ConfigMap, Secret
from edgeorch.api.core.pod import Pod
from edgeorch.api.core.resources import CONFIG_MAPS, PODS, SECRETS
from edgeorch.api.meta import Object
from edgeorch.api.resources import ResourceInfo
from edgeorch.errors import ApiError, NotFound, ServiceUnavailable
from edgeorch.mqtt.bus import Bus, Connection
from edgeorch.mqtt.changed import Changed
from edgeorch.mqtt.desired_state import VERSION_PROPERTY
from edgeorch.mqtt.topics import DesiredTopic, Topics
from edgeorch_server.fleet.desired import DesiredIndex, Ref, Touched
from edgeorch_server.fleet.inventory import take_inventory
from edgeorch_server.fleet.payloads import Published, bound_pod, config_payload, pod_payload
from edgeorch_server.registry.base import Client
from edgeorch_server.registry.follow import follow_entries
from edgeorch_server.store.base import Entry, Event, EventType

logger = logging.getLogger(__name__)

BATCH = 64
"""Messages on their way at a time: paces the flood after a reconnect, the broker's acknowledgements set the
speed."""
RETRY_SECONDS = 1.0


class DesiredPublisher:
    """Follows pods, ConfigMaps and Secrets; publishes what changes for each node."""

    def __init__(self, bus: Bus, topics: Topics, client: Client, index: DesiredIndex) -> None:
        self._bus = bus
        self._topics = topics
        self._client = client
        self._index = index
        self._changed = Changed()
        self._unlisted = {PODS.key, CONFIG_MAPS.key, SECRETS.key}
        self._dirty: dict[Touched, None] = {}
        self._sending = False
        self._open = False  # connected, and the broker's inventory is taken
        self.failures = 0
        """Objects that could not be published: too large for a packet, unreadable, refused by the broker."""

    @property
    def is_loaded(self) -> bool:
        """Whether the index holds everything that exists: before that, nobody may judge by it."""
        return not self._unlisted

    async def loaded(self) -> None:
        """Return once :attr:`is_loaded`."""
        await self._changed.until(lambda: self.is_loaded)

    async def idle(self) -> None:
        """Return once everything is published."""
        await self._changed.until(lambda: self._open and not (self._dirty or self._sending or self._unlisted))

    async def run(self) -> None:
        """Publish for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_pods(), name="desired-pods")
            group.create_task(self._follow_configs(CONFIG_MAPS), name="desired-configmaps")
            group.create_task(self._follow_configs(SECRETS), name="desired-secrets")
            group.create_task(self._follow_connections(), name="desired-connections")
            group.create_task(self._flush(), name="desired-flush")

    async def publish(self, node: str, refs: Iterable[Ref]) -> None:
        """Publish these objects for a node now, in the order of :func:`_order`; raises ServiceUnavailable."""
        places = sorted((Touched(node, ref) for ref in refs), key=self._order)
        for start in range(0, len(places), BATCH):
            await _all(self._publish, places[start : start + BATCH])

    # What exists

    async def _follow_pods(self) -> None:
        async for news in follow_entries(self._client, PODS):
            if not isinstance(news, Event):
                bound = (bound_pod(pod) for pod in self._client.list(PODS))
                self._mark(self._index.replace_pods(pod for pod in bound if pod is not None))
                self._listed(PODS.key)
            elif news.type is EventType.DELETED:
                self._mark(self._index.remove_pod(_ref(PODS, news.entry), news.entry.revision))
            elif news.entry.fields["spec.nodeName"]:
                pod = bound_pod(Pod.from_json(news.entry.data))
                if pod is not None:
                    self._mark(self._index.set_pod(pod))

    async def _follow_configs(self, resource: ResourceInfo[ConfigMap] | ResourceInfo[Secret]) -> None:
        async for news in follow_entries(self._client, resource):
            if not isinstance(news, Event):
                revisions = {_ref(resource, entry): entry.revision for entry in news}
                self._mark(self._index.replace_configs(resource.key, revisions))
                self._listed(resource.key)
                continue
            deleted = news.type is EventType.DELETED
            change = self._index.remove_config if deleted else self._index.set_config
            self._mark(change(_ref(resource, news.entry), news.entry.revision))

    def _listed(self, resource: str) -> None:
        self._unlisted.discard(resource)
        self._changed.notify()

    # What the broker has

    async def _follow_connections(self) -> None:
        catching_up: asyncio.Task[None] | None = None
        try:
            async for state in self._bus.connections():
                self._open = False
                if catching_up is not None:
                    catching_up.cancel()
                    await asyncio.gather(catching_up, return_exceptions=True)
                if state is Connection.UP:
                    catching_up = asyncio.create_task(self._catch_up(), name="desired-inventory")
        finally:
            if catching_up is not None:
                catching_up.cancel()

    async def _catch_up(self) -> None:
        await self.loaded()
        try:
            held = await take_inventory(self._bus, self._topics)
            for name in held.unreadable:
                await self._bus.publish(name, b"", retain=True)
        except ApiError as exc:  # the connection broke: the next one brings us here again
            logger.info("could not see what the broker holds: %s", exc)
            return
        self._dirty.clear()  # what is dirty is in the difference, unless the broker has it already
        self._mark(self._difference(held.versions))
        if not held.complete:
            logger.warning("the broker does not say what it holds: publishing everything again")
            self._mark(Touched(node, ref) for node in self._index.nodes() for ref in self._index.versions(node))
        logger.info(
            "the broker holds %d desired objects, %d are to be published", len(held.versions), len(self._dirty)
        )
        self._open = True
        self._changed.notify()

    def _difference(self, held: dict[DesiredTopic, str]) -> list[Touched]:
        wanted = {
            DesiredTopic(node, ref.resource, ref.namespace, ref.name): version
            for node in self._index.nodes()
            for ref, version in self._index.versions(node).items()
        }
        different = [topic for topic, version in wanted.items() if held.get(topic) != version]
        different += [topic for topic in held if topic not in wanted]
        return [Touched(t.node, Ref(t.resource, t.namespace, t.name)) for t in different]

    # Publishing

    def _mark(self, touched: Iterable[Touched]) -> None:
        for place in sorted(touched, key=self._order):
            self._dirty[place] = None
        self._changed.notify()

    def _order(self, place: Touched) -> tuple[int, Touched]:
        """ConfigMaps and Secrets before the pods that refer to them, and removals last."""
        wanted = place.ref in self._index.versions(place.node)
        return (2 if not wanted else 1 if place.ref.resource == PODS.key else 0, place)

    async def _flush(self) -> None:
        while True:
            await self._changed.until(lambda: self._open and bool(self._dirty))
            places = list(islice(self._dirty, BATCH))
            for place in places:
                del self._dirty[place]
            self._sending = True
            try:
                await _all(self._publish, places)
            except ServiceUnavailable as exc:
                # Whatever of this batch arrived is published twice: no harm.
                self._mark(places)
                logger.debug("publishing stopped: %s", exc)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                self._sending = False
                self._changed.notify()

    async def _publish(self, place: Touched) -> None:
        """Publish one object; one that cannot be published waits for its next change, and stops no other."""
        try:
            await self._send(place)
        except ServiceUnavailable:
            raise
        except (ApiError, ValueError) as exc:
            self.failures += 1
            logger.error("%s cannot be sent to node %s: %s", place.ref.key, place.node, exc)  # noqa: TRY400 (says it all)

    async def _send(self, place: Touched) -> None:
        node, ref = place.node, place.ref
        name = self._topics.name(DesiredTopic(node, ref.resource, ref.namespace, ref.name))
        if ref not in self._index.versions(node):
            as_of = {VERSION_PROPERTY: str(self._index.revision)}
            await self._bus.publish(name, b"", retain=True, properties=as_of)
        elif (message := self._read(node, ref)) is not None:
            version = {VERSION_PROPERTY: message.version}
            await self._bus.publish(name, message.payload, retain=True, properties=version)

    def _read(self, node: str, ref: Ref) -> Published | None:
        """Encode the newest state of an object; None when it just went away, as a watch will tell."""
        try:
            if ref.resource == PODS.key:
                pod = self._client.get(PODS, ref.namespace, ref.name)
                return pod_payload(pod) if pod.spec.nodeName == node else None
            if ref.resource == SECRETS.key:
                return config_payload(self._client.get(SECRETS, ref.namespace, ref.name))
            return config_payload(self._client.get(CONFIG_MAPS, ref.namespace, ref.name))
        except NotFound:
            return None


async def _all(work: Callable[[Touched], Awaitable[None]], places: Iterable[Touched]) -> None:
    """Do the work for all places at a time, begun in order; then raise what went wrong, if anything."""
    results = await asyncio.gather(*(work(place) for place in places), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


def _ref(resource: ResourceInfo[Object], entry: Entry) -> Ref:
    return Ref(resource.key, entry.namespace, entry.name)
