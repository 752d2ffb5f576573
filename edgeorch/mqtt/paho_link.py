"""One MQTT 5 connection with paho-mqtt, from TCP's first packet to its end.

paho parses and keeps the protocol's books; the thread is ours. paho's own uses ``select``, which cannot watch
file descriptors over 1023 (a server with many watchers has those), and wakes up every second for nothing.
Every connection is a new paho client: no message survives into the next one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edgeorch.mqtt.bus import Message, Will
from edgeorch.mqtt.mailbox import Mailbox
from edgeorch.mqtt.settings import MAX_PACKET, MqttSettings

logger = logging.getLogger(__name__)

FAILED = 0x80
"""Reason codes from here on are failures (MQTT5 2.4)."""
IDLE_SECONDS = 5.0
"""The thread wakes up at least this often to look at the keepalive."""


class LinkError(Exception):
    """The connection could not be made, or has ended; says why."""


class Link:
    """One connection. Everything here but the methods marked so is called on the event loop."""

    def __init__(
        self, settings: MqttSettings, will: Will | None, on_message: Callable[[Message], None]
    ) -> None:
        self._settings = settings
        self._on_message = on_message
        loop = asyncio.get_running_loop()
        self._mailbox = Mailbox(loop)
        self.connected: asyncio.Future[None] = loop.create_future()
        """Done when the broker has accepted us; raises LinkError when it will not."""
        self.closed: asyncio.Future[str] = loop.create_future()
        """Done when the connection has ended, with the reason."""
        self.in_flight = settings.in_flight
        self.max_packet = MAX_PACKET
        """The broker's limits, once connected."""
        self.bad_topics = 0
        self._waiting: dict[int, asyncio.Future[ReasonCode]] = {}
        self._why = ""  # written by the thread; the last one before the end counts
        self._abort = False
        self._awake = False
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._client = self._make_client(will)
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{settings.client_id}", daemon=True)

    def start(self) -> None:
        """Begin to connect; :attr:`connected` and :attr:`closed` tell what comes of it."""
        self._thread.start()

    def publish(
        self, topic: str, payload: bytes, qos: int, *, retain: bool, properties: Properties | None
    ) -> asyncio.Future[ReasonCode]:
        """Send PUBLISH. The future is done at PUBACK (QoS 1) or when it is written (QoS 0)."""
        info = self._client.publish(topic, payload, qos, retain, properties)
        return self._expect(info.rc, info.mid)

    def subscribe(self, patterns: Mapping[str, int]) -> asyncio.Future[ReasonCode]:
        """Subscribe to patterns, each at its QoS. The future gives the worst reason code of SUBACK."""
        return self._expect(
            *self._client.subscribe([(p, SubscribeOptions(qos)) for p, qos in patterns.items()])
        )

    def unsubscribe(self, pattern: str) -> asyncio.Future[ReasonCode]:
        """Unsubscribe. The future is done at UNSUBACK."""
        return self._expect(*self._client.unsubscribe(pattern))

    def disconnect(self) -> None:
        """Say DISCONNECT, so that the broker throws our last will away; :attr:`closed` follows."""
        self._client.disconnect()
        self._wake()

    def abort(self) -> None:
        """Cut the connection without a word; :attr:`closed` follows as soon as the thread notices."""
        self._abort = True
        self._mailbox.close()
        self._wake()

    def _expect(self, rc: int, mid: int | None) -> asyncio.Future[ReasonCode]:
        future: asyncio.Future[ReasonCode] = asyncio.get_running_loop().create_future()
        if rc != paho.MQTT_ERR_SUCCESS or mid is None or mid in self._waiting or self.closed.done():
            future.set_exception(LinkError(self._why or (paho.error_string(rc) if rc else "connection lost")))
        else:
            self._waiting[mid] = future
            self._wake()
        return future

    def _wake(self) -> None:
        """Make the thread look for something to write."""
        if not self._awake and self._wake_fd >= 0:
            self._awake = True
            os.eventfd_write(self._wake_fd, 1)

    def _acknowledged(self, mid: int, reason: ReasonCode) -> None:
        future = self._waiting.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(reason)

    def _accepted(self, in_flight: int, max_packet: int) -> None:
        self.in_flight, self.max_packet = min(in_flight, self.in_flight), max_packet
        if not self.connected.done():
            self.connected.set_result(None)

    def _ended(self) -> None:
        reason = self._why or "connection lost"
        self.closed.set_result(reason)
        if not self.connected.done():
            self.connected.set_exception(LinkError(reason))
            self.connected.exception()  # mark as seen: whoever waits for `closed` need not look
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LinkError(reason))
                future.exception()
        self._waiting.clear()
        os.close(self._wake_fd)  # here, because only this side writes to it
        self._wake_fd = -1

    # From here on, everything runs on the network thread.

    def _run(self) -> None:
        try:
            if not self._abort:
                self._connect()
                self._serve()
        except (OSError, ValueError) as exc:  # ValueError: a certificate for another name
            self._why = self._why or str(exc)
        except Exception as exc:
            # Whatever a broken broker makes paho's parser raise ends this connection and no more.
            logger.warning("MQTT connection broke on %s", type(exc).__name__, exc_info=True)
            self._why = self._why or f"{type(exc).__name__}: {exc}"
        finally:
            connection = self._client.socket()
            if connection is not None:
                connection.close()
            self._mailbox.post(self._ended)

    def _connect(self) -> None:
        if self._settings.tls is not None:
            self._client.tls_set_context(self._settings.tls.context())
        properties = new_properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 0
        properties.MaximumPacketSize = MAX_PACKET
        self._client.connect(
            self._settings.host,
            self._settings.port,
            keepalive=self._settings.keepalive,
            clean_start=True,
            properties=properties,
        )

    def _serve(self) -> None:
        client, connection = self._client, self._client.socket()
        if connection is None:
            return
        idle = min(IDLE_SECONDS, self._settings.keepalive / 4)
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_fd, selectors.EVENT_READ)
            selector.register(connection, selectors.EVENT_READ)
            watched = selectors.EVENT_READ
            while not self._abort and client.socket() is not None:
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
                if wanted != watched:
                    selector.modify(connection, wanted)
                    watched = wanted
                buffered = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
                ready = {key.fileobj: events for key, events in selector.select(0 if buffered else idle)}
                if self._wake_fd in ready:
                    os.eventfd_read(self._wake_fd)
                    self._awake = False  # before want_write is asked: no wake-up falls between
                if buffered or ready.get(connection, 0) & selectors.EVENT_READ:
                    client.loop_read()
                if client.want_write():
                    client.loop_write()
                client.loop_misc()

    def _make_client(self, will: Will | None) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._settings.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._settings.connect_timeout
        client.max_inflight_messages_set(0)  # the bus counts
        if will is not None:
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.enable_logger(_LastError(self._note))  # type: ignore[arg-type]  # paho only calls log()
        client.on_socket_open = self._on_socket_open
        client.on_socket_register_write = lambda *_: None  # keeps paho from writing on the caller's thread
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_paho_message
        client.on_publish = lambda _c, _u, mid, reason, _p: self._mailbox.post(self._acknowledged, mid, reason)
        client.on_subscribe = self._on_suback
        client.on_unsubscribe = self._on_suback
        return client

    def _note(self, why: str) -> None:
        self._why = why

    def _on_socket_open(self, _client: paho.Client, _userdata: Any, connection: Any) -> None:
        # Without it a small QoS 0 message waits for the ACK of the one before, up to 40 ms.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        patience = int(self._settings.unacknowledged * 1000)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience)

    def _on_connect(
        self,
        _client: paho.Client,
        _userdata: Any,
        _flags: Any,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.value >= FAILED:
            self._why = _explain(reason, properties)
        else:
            self._mailbox.post(
                self._accepted,
                getattr(properties, "ReceiveMaximum", self._settings.in_flight),
                getattr(properties, "MaximumPacketSize", MAX_PACKET),
            )

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: Any,
        flags: Any,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._why = _explain(reason, properties)
        else:
            self._why = self._why or ("connection lost" if reason.value >= FAILED else "disconnected")

    def _on_paho_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self.bad_topics += 1
            return
        properties = message.properties
        received = Message(
            topic,
            bytes(message.payload),
            message.qos,
            message.retain,
            getattr(properties, "ResponseTopic", ""),
            getattr(properties, "CorrelationData", b""),
            dict(getattr(properties, "UserProperty", ())),
        )
        self._mailbox.post(self._on_message, received, size=len(received.payload) + len(topic) + 200)

    def _on_suback(
        self, _client: paho.Client, _userdata: Any, mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        worst = max(reasons, key=lambda reason: int(reason.value))
        self._mailbox.post(self._acknowledged, mid, worst)


class _LastError:
    """Stands in for paho's logger: paho logs why a connection was lost and reports only that it is lost."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    def log(self, level: int, text: str, *args: Any) -> None:
        if level >= logging.ERROR:
            self._note(text % args if args else text)


def new_properties(packet_type: int) -> Properties:
    """Make an empty set of MQTT 5 properties."""
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho annotates most of itself


def _explain(reason: ReasonCode, properties: Properties | None) -> str:
    detail = getattr(properties, "ReasonString", "")
    return f"{reason}: {detail}" if detail else str(reason)
