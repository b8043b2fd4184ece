"""A participant like mediasoup-demo's app: protoo dialect A, mediasoup's Device, real media by aiortc."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pymediasoup import AiortcHandler, Device
from pymediasoup.models.transport import DtlsParameters, IceCandidate, IceParameters
from pymediasoup.rtp_parameters import RtpCapabilities, RtpParameters
from pymediasoup.sctp_parameters import SctpParameters, SctpStreamParameters

from tests.support.media import GreyTrack, Meter, ToneTrack
from tests.support.protoo_client import ProtooClient, Refused

PATIENCE_S = 20.0
SCTP_CAPABILITIES = {"numStreams": {"OS": 1024, "MIS": 1024}}


@dataclass
class Received:
    """One consumer of ours, from its announcement on."""

    id: str
    peer_id: str
    producer_id: str
    kind: str
    meter: Meter
    consumer: Any
    paused_by_producer: bool
    closed: bool = False


@dataclass
class WebRtcClient:
    """Joined to a room. `consumers` by id, `notifications` as (method, data) in order of arrival."""

    peer_id: str
    protoo: ProtooClient
    device: Device
    data: bool = False
    """True when it has data channels."""
    messages: list[tuple[str, str | bytes]] = field(default_factory=list)
    """Messages from data channels, as (label, message)."""
    channels: dict[str, Any] = field(default_factory=dict)
    """The data consumers of pymediasoup, by id."""
    send_transport: Any = None
    recv_transport: Any = None
    peers: dict[str, dict[str, Any]] = field(default_factory=dict)
    consumers: dict[str, Received] = field(default_factory=dict)
    producers: dict[str, Any] = field(default_factory=dict)
    """The producers of pymediasoup, by producer id."""
    ice_candidates: list[dict[str, Any]] = field(default_factory=list)
    """The candidates of the transport created last; all share them."""
    notifications: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    """Errors in callbacks, which nobody else could see."""
    _receiving: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def join(cls, url: str, peer_id: str, *, consume: bool = True, data: bool = False) -> WebRtcClient:
        """The whole sequence up to the answer to `join`."""

        async def on_request(method: str, data: dict[str, Any]) -> dict[str, Any]:
            return await client._handle_request(method, data)

        protoo = await ProtooClient.open(url, on_request, lambda *args: client._handle_notification(*args))
        client = cls(peer_id, protoo, Device(handlerFactory=AiortcHandler.createFactory()), data)
        capabilities = await protoo.request("getRouterRtpCapabilities")
        await client.device.load(RtpCapabilities.model_validate(capabilities))
        client.send_transport = await client._create_transport(producing=True)
        client.recv_transport = await client._create_transport(producing=False)
        asked: dict[str, Any] = {
            "displayName": peer_id.title(),
            "device": {"flag": "aiortc", "name": "aiortc", "version": "1"},
        }
        if consume:
            asked["rtpCapabilities"] = _wire(client.device.rtpCapabilities)
        if data:
            asked["sctpCapabilities"] = SCTP_CAPABILITIES
        reply = await protoo.request("join", asked)
        client.peers |= {peer["id"]: peer for peer in reply["peers"]}
        return client

    async def produce_audio(self, pitch_hz: int = 440) -> str:
        """Send a tone; the producer's id."""
        return await self._produce(ToneTrack(pitch_hz), None)

    async def produce_video(self, luma: int = 128, codec: str = "VP8") -> str:
        """Send grey pictures in `codec` ("VP8", "H264"); the producer's id."""
        offered = self.device.sendRtpCapabilities.codecs
        chosen = next(item for item in offered if item.mimeType == f"video/{codec}")
        return await self._produce(GreyTrack(luma), chosen)

    async def open_channel(self, label: str, **reliability: Any) -> Any:
        """Open a channel to send on, and wait until it is open."""
        channel = await self.send_transport.produceData(label=label, protocol="", **reliability)
        await until(lambda: channel.readyState == "open", f"{self.peer_id}: {label} open")
        return channel

    async def request(self, method: str, data: dict[str, Any] | None = None) -> Any:
        return await self.protoo.request(method, data)

    async def received(self, producer_id: str, *, frames: int = 10) -> Received:
        """The open consumer of a producer, once it has decoded `frames` more frames than now."""
        found = await self.consumer_of(producer_id)
        goal = found.meter.frames + frames
        await until(lambda: found.meter.frames >= goal, f"{self.peer_id}: {frames} frames of {found.kind}")
        return found

    async def consumer_of(self, producer_id: str) -> Received:
        def find() -> Received | None:
            open_ones = (item for item in self.consumers.values() if not item.closed)
            return next((item for item in open_ones if item.producer_id == producer_id), None)

        await until(lambda: find() is not None, f"{self.peer_id}: a consumer of {producer_id}")
        found = find()
        assert found is not None
        return found

    async def notified(self, method: str, **wanted: Any) -> dict[str, Any]:
        """The data of the first notification `method` whose data contains `wanted`, waiting for it."""

        def find() -> dict[str, Any] | None:
            same = (data for name, data in self.notifications if name == method)
            return next((data for data in same if wanted.items() <= data.items()), None)

        await until(lambda: find() is not None, f"{self.peer_id}: {method} {wanted}")
        return find() or {}

    async def close(self) -> None:
        """Leave the room as a closed tab does."""
        for received in self.consumers.values():
            received.meter.stop()
        await self.protoo.close()
        for transport in (self.send_transport, self.recv_transport):
            if transport is not None:
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(transport.close(), 5)

    async def __aenter__(self) -> WebRtcClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
        assert self.errors == []

    async def _create_transport(self, *, producing: bool) -> Any:
        asked: dict[str, Any] = {"forceTcp": False, "producing": producing, "consuming": not producing}
        if self.data:
            asked["sctpCapabilities"] = SCTP_CAPABILITIES
        reply = await self.request("createWebRtcTransport", asked)
        self.ice_candidates = reply["iceCandidates"]
        create = self.device.createSendTransport if producing else self.device.createRecvTransport
        candidates = [IceCandidate.model_validate(item) for item in reply["iceCandidates"]]
        transport = create(
            id=reply["id"],
            iceParameters=IceParameters.model_validate(reply["iceParameters"]),
            iceCandidates=[item for item in candidates if item.protocol == "udp"],  # aioice speaks no other
            dtlsParameters=DtlsParameters.model_validate(reply["dtlsParameters"]),
            sctpParameters=SctpParameters.model_validate(reply["sctpParameters"]) if self.data else None,
        )

        @transport.on("connect")
        async def on_connect(dtls_parameters: DtlsParameters) -> None:
            try:
                await self.request(
                    "connectWebRtcTransport",
                    {"transportId": transport.id, "dtlsParameters": _wire(dtls_parameters)},
                )
            except Exception as error:
                self.errors.append(error)

        @transport.on("produce")
        async def on_produce(kind: str, rtp_parameters: RtpParameters, app_data: dict[str, Any]) -> str:
            data = {"kind": kind, "rtpParameters": _wire(rtp_parameters), "appData": app_data}
            reply = await self.request("produce", {"transportId": transport.id, **data})
            return str(reply["id"])

        @transport.on("producedata")
        async def on_produce_data(
            sctpStreamParameters: SctpStreamParameters, label: str, protocol: str, appData: Any
        ) -> str:
            named = {"label": label, "protocol": protocol, "appData": appData}
            data = {"transportId": transport.id, "sctpStreamParameters": _wire(sctpStreamParameters), **named}
            return str((await self.request("produceData", data))["id"])

        transport.on("error", self.errors.append)
        return transport

    async def _produce(self, track: Any, codec: Any) -> str:
        producer = await self.send_transport.produce(track=track, codec=codec, appData={})
        self.producers[producer.id] = producer
        return str(producer.id)

    async def _handle_request(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        if method == "newDataConsumer" and self.data:
            await self._take_channel(data)
            return {}
        if method != "newConsumer":
            raise Refused(403, f"I do not want {method}")
        async with self._receiving:  # offer and answer of one peer connection go one by one
            consumer = await self.recv_transport.consume(
                id=data["id"],
                producerId=data["producerId"],
                kind=data["kind"],
                rtpParameters=RtpParameters.model_validate(data["rtpParameters"]),
                appData=data["appData"],
            )
        self.consumers[data["id"]] = Received(
            data["id"],
            data["peerId"],
            data["producerId"],
            data["kind"],
            Meter(consumer.track),
            consumer,
            data["producerPaused"],
        )
        return {}

    async def _take_channel(self, data: dict[str, Any]) -> None:
        async with self._receiving:
            channel = await self.recv_transport.consumeData(
                id=data["id"],
                dataProducerId=data["dataProducerId"],
                sctpStreamParameters=SctpStreamParameters.model_validate(data["sctpStreamParameters"]),
                label=data["label"],
                protocol=data["protocol"],
                appData=data["appData"],
            )
        channel.on("message", lambda message: self.messages.append((data["label"], message)))
        self.channels[data["id"]] = channel

    def _handle_notification(self, method: str, data: dict[str, Any]) -> None:
        self.notifications.append((method, data))
        received = self.consumers.get(data.get("consumerId", ""))
        match method:
            case "newPeer":
                self.peers[data["id"]] = data
            case "peerClosed":
                self.peers.pop(data["peerId"], None)
            case "consumerPaused" | "consumerResumed" if received is not None:
                received.paused_by_producer = method == "consumerPaused"
            case "consumerClosed" if received is not None:
                received.closed = True
                received.meter.stop()


async def until(condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for `condition`; how long it took is nobody's business unless it never comes true."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience_s} s for {what}"
        await asyncio.sleep(0.02)


def _wire(model: Any) -> dict[str, Any]:
    return dict(model.model_dump(mode="json", exclude_none=True))
