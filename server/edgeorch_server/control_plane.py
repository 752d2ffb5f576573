"""The control plane as a whole: what is made of what, and in which order it starts and stops.

Start: store, registry, broker, fleet, API. The API opens last, when all behind it works, and closes first.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import ipaddress
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.types import ASGIApp

from edgeorch.addresses import outgoing_address
from edgeorch.api.coordination.resources import LEASES
from edgeorch.api.resources import LiveTable
from edgeorch.api.table import default_table, served_table
from edgeorch.config.settings import ServerSettings
from edgeorch.kubeconfig import kubeconfig, write_kubeconfig
from edgeorch.mqtt.address import broker_address
from edgeorch.mqtt.paho_bus import PahoBus
from edgeorch.mqtt.settings import MqttSettings, TlsFiles
from edgeorch.mqtt.topics import Topics
from edgeorch.pki import MQTT_SERVER, PkiError, PkiFolder
from edgeorch.tasks import Components, Start, run_forever
from edgeorch_server.access.jwt import SigningKey
from edgeorch_server.addresses import local_addresses
from edgeorch_server.apiserver.app import create_app
from edgeorch_server.apiserver.audit.log import AuditLog
from edgeorch_server.apiserver.audit.middleware import Audit
from edgeorch_server.apiserver.audit.policy import EVERYTHING, load_policy
from edgeorch_server.apiserver.auth.authentication import CertificateAuthenticator
from edgeorch_server.apiserver.auth.wiring import rbac_access
from edgeorch_server.apiserver.health import HealthChecks
from edgeorch_server.apiserver.join import join_routes
from edgeorch_server.apiserver.printers.printer import KubernetesPrinter
from edgeorch_server.apiserver.server import HttpServer, tls_context
from edgeorch_server.apiserver.streaming import OpenStreams
from edgeorch_server.broker.config import BrokerConfig
from edgeorch_server.broker.mosquitto import Mosquitto
from edgeorch_server.certificates import Certificates, Use
from edgeorch_server.controllers.api_service import publish_api_service
from edgeorch_server.controllers.bootstrap import create_initial_objects
from edgeorch_server.controllers.cron_jobs.calendar import local_zone
from edgeorch_server.controllers.default_roles import ensure_default_roles
from edgeorch_server.controllers.definitions.controller import definition_controller
from edgeorch_server.controllers.definitions.serving import CustomKinds
from edgeorch_server.controllers.wiring import access_controllers, all_controllers
from edgeorch_server.fleet.fleet import Fleet
from edgeorch_server.metrics.node_stats import NodeStatsCache
from edgeorch_server.metrics.pod_usage import PodUsages
from edgeorch_server.metrics.served import metrics_sources
from edgeorch_server.node_leases import NodeLeases
from edgeorch_server.registry.joining import Joining
from edgeorch_server.registry.recorder import EventRecorder
from edgeorch_server.registry.registry import Registry
from edgeorch_server.registry.services.allocation import Ranges
from edgeorch_server.scheduler.scheduler import Scheduler
from edgeorch_server.store.fields import fields_from
from edgeorch_server.store.tinydb import TinyStore
from edgeorch_server.webhooks.caller import HttpsCaller
from edgeorch_server.webhooks.dispatch import AdmissionWebhooks

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
        certificates = Certificates(pki, settings.api_names)
        certificates.ensure()
        uses: dict[str, Use] = {}

        store = await TinyStore.open(settings.data_dir / "store", fields_from(default_table()))
        stack.push_async_callback(store.close)
        custom_kinds = CustomKinds(store, LiveTable(default_table()), LiveTable(served_table()))
        registry = Registry(
            store,
            custom_kinds.stored,
            now=_now,
            webhooks=lambda objects: AdmissionWebhooks(objects, custom_kinds.served, HttpsCaller(objects)),
        )
        custom_kinds.load(registry)
        await create_initial_objects(registry)
        await ensure_default_roles(registry)
        _tune_garbage_collector()

        components: dict[str, Start] = {}
        if not settings.mqtt_url:
            broker = _broker(settings, pki)
            await broker.start()
            stack.push_async_callback(broker.stop)
            components["broker"] = broker.run
            uses["broker"] = broker.reload
        topics = Topics(settings.mqtt_root)
        bus = PahoBus(_bus_settings(settings, pki))
        await bus.start()
        stack.push_async_callback(bus.stop)
        fleet = Fleet(bus, topics, registry, now=_now)
        components["fleet"] = fleet.run
        stats = NodeStatsCache(fleet.calls)
        components |= _controllers(registry, fleet, stats, settings, custom_kinds)

        key = _signing_key(pki)
        of_access = access_controllers(
            registry, key, pki.ensure_ca().certificate, pki.ensure_user_ca(), now=_now
        )
        components |= {controller.name: controller.run for controller in of_access}
        access, policy_follower = rbac_access(registry, key, _now, CertificateAuthenticator())
        components["rbac"] = policy_follower.run

        streams = OpenStreams()
        app: ASGIApp = create_app(
            registry,
            access=access,
            node_logs=fleet.calls,
            printer=KubernetesPrinter(_now),
            table=custom_kinds.served,
            computed={
                **metrics_sources(registry, stats),
                LEASES.key: NodeLeases(registry, fleet.liveness, now=_now, grace=settings.node_grace),
            },
            health=HealthChecks(ready={"mqtt": lambda: "" if bus.connected else "not connected to the broker"}),
            streams=streams,
            extra_routes=join_routes(
                Joining(registry, pki.ensure_ca(), _now), pki.ensure_ca().certificate, _mqtt_for_nodes(settings)
            ),
        )
        tls = tls_context(
            pki.certificate("server"), pki.key("server"), pki.ca_certificate, pki.user_ca_certificate
        )
        app, audit = _audited(app, settings)
        components |= audit
        server = HttpServer(app, host=settings.api_host, port=settings.api_port, tls=tls, streams=streams)
        await stack.enter_async_context(server)
        url = f"https://{_reachable(settings.api_host)}:{server.port}"
        await publish_api_service(registry, _api_addresses(settings), server.port, Ranges().first_address)
        write_admin = partial(_write_kubeconfig, settings, pki, certificates, url)
        write_admin()
        uses["admin"] = write_admin
        uses["server"] = partial(server.use_certificate, pki.certificate("server"), pki.key("server"))
        components["certificates"] = partial(certificates.keep, uses)
        yield ControlPlane(url, components)


def _controllers(
    registry: Registry,
    fleet: Fleet,
    stats: NodeStatsCache,
    settings: ServerSettings,
    custom_kinds: CustomKinds,
) -> dict[str, Start]:
    recorder = EventRecorder(registry, "default-scheduler", _now)
    controllers = all_controllers(
        registry,
        fleet.liveness,
        PodUsages(stats),
        now=_now,
        node_grace=settings.node_grace,
        zone=local_zone(),
    )
    definitions = definition_controller(registry, custom_kinds, _now)
    scheduler = Scheduler(registry, recorder, _now, pack=settings.pack_nodes)
    return {"scheduler": scheduler.run, definitions.name: definitions.run, **controllers}


def _audited(app: ASGIApp, settings: ServerSettings) -> tuple[ASGIApp, dict[str, Start]]:
    """Note all requests, if it is wished; raises UserError for a policy that cannot be read."""
    if not settings.audit_log:
        return app, {}
    policy = load_policy(Path(settings.audit_policy)) if settings.audit_policy else EVERYTHING
    log = AuditLog(Path(settings.audit_log))
    return Audit(app, policy, log, _now), {"audit": log.run}


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


def _signing_key(pki: PkiFolder) -> SigningKey:
    """Load the key that the tokens of ServiceAccounts are signed with; raises UserError."""
    try:
        return SigningKey.from_pem(pki.ensure_signing_key("sa"))
    except ValueError as exc:
        raise PkiError(f"{pki.key('sa')}: {exc}; restore it, or remove it to make all tokens void") from exc


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


def _api_addresses(settings: ServerSettings) -> list[str]:
    """Give the addresses the API is served on, as far as they are known by number; the best known one first."""
    if settings.api_host in ANY_ADDRESSES:
        # a box has bridges of Podman's too, which no other board can reach
        return [address for address in (outgoing_address(), *local_addresses()) if address]
    try:
        return [str(ipaddress.ip_address(settings.api_host))]
    except ValueError:
        return []


def _reachable(host: str) -> str:
    """Give an address that reaches a listener on ``host`` from this box."""
    return "127.0.0.1" if host in ANY_ADDRESSES else host


def _write_kubeconfig(settings: ServerSettings, pki: PkiFolder, certificates: Certificates, url: str) -> None:
    text = kubeconfig(url, pki.ensure_ca().certificate, certificates.admin())
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
