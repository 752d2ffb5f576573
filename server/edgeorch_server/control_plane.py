"""The control plane as a whole: what is made of what, and in which order it starts and stops.

Start: store, registry, broker, fleet, API. The API opens last, when all behind it works, and closes first.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from edgeorch.api.table import default_table
from edgeorch.config.settings import ServerSettings
from edgeorch.kubeconfig import kubeconfig, write_kubeconfig
from edgeorch.mqtt.address import broker_address
from edgeorch.mqtt.paho_bus import PahoBus
from edgeorch.mqtt.settings import MqttSettings, TlsFiles
from edgeorch.mqtt.topics import Topics
from edgeorch.pki import ADMIN, MASTERS, MQTT_SERVER, PkiFolder, Subject
from edgeorch.tasks import Components, Start, run_forever
from edgeorch_server.addresses import LOOPBACK, certificate_hosts
from edgeorch_server.apiserver.app import create_app
from edgeorch_server.apiserver.auth.authentication import CertificateAuthenticator, ChainedAuthenticator
from edgeorch_server.apiserver.health import HealthChecks
from edgeorch_server.apiserver.join import join_routes
from edgeorch_server.apiserver.printers.printer import KubernetesPrinter
from edgeorch_server.apiserver.server import HttpServer, tls_context
from edgeorch_server.apiserver.streaming import OpenStreams
from edgeorch_server.broker.config import BrokerConfig
from edgeorch_server.broker.mosquitto import Mosquitto
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.event_expiry import SOURCES as EVENT_SOURCES
from edgeorch_server.controllers.event_expiry import EventExpiry
from edgeorch_server.controllers.garbage.collector import NAME as GARBAGE
from edgeorch_server.controllers.garbage.collector import GarbageCollector, run_garbage_collector
from edgeorch_server.controllers.namespace import SOURCES as NAMESPACE_SOURCES
from edgeorch_server.controllers.namespace import NamespaceDeletion
from edgeorch_server.controllers.node_lifecycle import NodeLifecycle, run_node_lifecycle
from edgeorch_server.controllers.pod_garbage import ENDED_SOURCES, LOST_SOURCES, EndedPods, LostPods
from edgeorch_server.controllers.resource_quota import QuotaStatus
from edgeorch_server.controllers.resource_quota import sources as quota_sources
from edgeorch_server.controllers.runner import Controller
from edgeorch_server.controllers.service_account import SOURCES as ACCOUNT_SOURCES
from edgeorch_server.controllers.service_account import DefaultServiceAccount
from edgeorch_server.controllers.taint_eviction import SOURCES as EVICTION_SOURCES
from edgeorch_server.controllers.taint_eviction import TaintEviction
from edgeorch_server.controllers.workloads import workload_controllers
from edgeorch_server.fleet.fleet import Fleet
from edgeorch_server.registry.joining import Joining
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry
from edgeorch_server.scheduler.scheduler import Scheduler
from edgeorch_server.store.fields import fields_from
from edgeorch_server.store.tinydb import TinyStore

logger = logging.getLogger(__name__)

ANY_ADDRESSES = frozenset({"0.0.0.0", "::"})  # noqa: S104 (compared with, not bound to)


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A control plane that has started: where its API is, and the tasks that must go on running."""

    url: str
    components: Components


@asynccontextmanager
async def control_plane(settings: ServerSettings) -> AsyncIterator[ControlPlane]:
    """Start everything; the caller runs the components. Raises UserError for what a person can mend."""
    async with AsyncExitStack() as stack:
        pki = PkiFolder(settings.data_dir / "pki", _now)
        _make_certificates(pki, settings)

        store = await TinyStore.open(settings.data_dir / "store", fields_from(default_table()))
        stack.push_async_callback(store.close)
        registry = Registry(store, default_table(), now=_now)
        await create_initial_objects(registry)
        _tune_garbage_collector()

        components: dict[str, Start] = {}
        if not settings.mqtt_url:
            broker = _broker(settings, pki)
            await broker.start()
            stack.push_async_callback(broker.stop)
            components["broker"] = broker.run
        topics = Topics(settings.mqtt_root)
        bus = PahoBus(_bus_settings(settings, pki))
        await bus.start()
        stack.push_async_callback(bus.stop)
        fleet = Fleet(bus, topics, registry, now=_now)
        components["fleet"] = fleet.run
        components |= _controllers(registry, fleet, settings)

        streams = OpenStreams()
        app = create_app(
            registry,
            authenticator=ChainedAuthenticator(CertificateAuthenticator()),
            node_calls=fleet.calls,
            printer=KubernetesPrinter(_now),
            health=HealthChecks(ready={"mqtt": lambda: "" if bus.connected else "not connected to the broker"}),
            streams=streams,
            extra_routes=join_routes(
                Joining(registry, pki.ensure_ca(), _now), pki.ensure_ca().certificate, _mqtt_for_nodes(settings)
            ),
        )
        tls = tls_context(pki.certificate("server"), pki.key("server"), pki.ca_certificate)
        server = HttpServer(app, host=settings.api_host, port=settings.api_port, tls=tls, streams=streams)
        await stack.enter_async_context(server)
        url = f"https://{_reachable(settings.api_host)}:{server.port}"
        _write_kubeconfig(settings, pki, url)
        yield ControlPlane(url, components)


def _controllers(registry: Registry, fleet: Fleet, settings: ServerSettings) -> dict[str, Start]:
    node_lifecycle = NodeLifecycle(
        registry,
        fleet.liveness,
        EventRecorder(registry, "node-controller", _now),
        now=_now,
        grace=settings.node_grace,
    )
    recorder = EventRecorder(registry, "default-scheduler", _now)
    garbage_collector = GarbageCollector(registry, EventRecorder(registry, GARBAGE, _now))
    evictions = TaintEviction(registry, EventRecorder(registry, "taint-eviction-controller", _now), now=_now)
    controllers: tuple[Controller, ...] = (
        Controller("service-account", DefaultServiceAccount(registry), ACCOUNT_SOURCES, registry),
        Controller("namespace", NamespaceDeletion(registry, registry), NAMESPACE_SOURCES, registry),
        Controller("event-expiry", EventExpiry(registry, now=_now), EVENT_SOURCES, registry),
        Controller("lost-pods", LostPods(registry, now=_now), LOST_SOURCES, registry),
        Controller("taint-eviction", evictions, EVICTION_SOURCES, registry),
        Controller("ended-pods", EndedPods(registry), ENDED_SOURCES, registry),
        Controller(
            "resource-quota",
            QuotaStatus(registry, registry.table, _now),
            quota_sources(registry.table),
            registry,
        ),
    )
    controllers += workload_controllers(registry, _now)
    return {
        "scheduler": Scheduler(registry, recorder, _now, pack=settings.pack_nodes).run,
        "node-lifecycle": partial(run_node_lifecycle, node_lifecycle, registry, fleet.liveness),
        GARBAGE: partial(run_garbage_collector, garbage_collector, registry),
        **{controller.name: controller.run for controller in controllers},
    }


def _tune_garbage_collector() -> None:
    """Keep collections from making the slowest writes slower still.

    What is loaded by now lives as long as the process, so the collector need not look at it again; and objects
    are kept as bytes, so that what is left for it to find is little, and can wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _make_certificates(pki: PkiFolder, settings: ServerSettings) -> None:
    """Make what is missing; the API's certificate is made anew when the box has got another address."""
    pki.ensure_ca()
    pki.ensure_server("server", certificate_hosts(settings.api_names))
    pki.ensure_server("broker", LOOPBACK)
    pki.ensure_client("mqtt", Subject(MQTT_SERVER))
    pki.ensure_client("admin", Subject(ADMIN, (MASTERS,)))


def _broker(settings: ServerSettings, pki: PkiFolder) -> Mosquitto:
    files = TlsFiles(pki.ca_certificate, pki.certificate("broker"), pki.key("broker"))
    return Mosquitto(
        BrokerConfig(
            folder=settings.data_dir / "broker",
            port=settings.mqtt_port,
            tls=files,
            bind=settings.mqtt_host,
            root=settings.mqtt_root,
        )
    )


def _bus_settings(settings: ServerSettings, pki: PkiFolder) -> MqttSettings:
    files = TlsFiles(pki.ca_certificate, pki.certificate("mqtt"), pki.key("mqtt"))
    host, port = _reachable(settings.mqtt_host), settings.mqtt_port
    if settings.mqtt_url:
        host, port = broker_address(settings.mqtt_url)
    return MqttSettings(host, port, client_id=MQTT_SERVER, tls=files)


def _mqtt_for_nodes(settings: ServerSettings) -> dict[str, str | int]:
    """Tell joining boards where the broker is: by URL, or by its port on the host they joined at."""
    where: dict[str, str | int] = (
        {"url": settings.mqtt_url} if settings.mqtt_url else {"port": settings.mqtt_port}
    )
    return {**where, "root": settings.mqtt_root}


def _reachable(host: str) -> str:
    """Give an address that reaches a listener on ``host`` from this box."""
    return "127.0.0.1" if host in ANY_ADDRESSES else host


def _write_kubeconfig(settings: ServerSettings, pki: PkiFolder, url: str) -> None:
    text = kubeconfig(url, pki.ensure_ca().certificate, pki.ensure_client("admin", Subject(ADMIN, (MASTERS,))))
    try:
        write_kubeconfig(settings.data_dir / "kubeconfig", text)
    except OSError as exc:  # a full disk keeps nobody from reading
        logger.warning("cannot write %s: %s", settings.data_dir / "kubeconfig", exc.strerror)


async def run(settings: ServerSettings, stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Run a control plane until ``stop``; sets ``ready`` once the API answers."""
    async with control_plane(settings) as plane:
        logger.info("control plane is up: %s", plane.url)
        ready.set()
        await run_forever(plane.components, stop)
