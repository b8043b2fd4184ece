"""The client's end of data channels: aiortc's SCTP in the DTLS of a MediaPeer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiortc import rtcsctptransport
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport

from tests.support.loops import until
from tests.support.media_peer import MediaPeer
from tests.support.served_worker import Worker, real_worker

rtcsctptransport.USERDATA_MAX_LENGTH = 1100  # aiortc's own is more than our DTLS takes


class Channel:
    """A channel of the client, negotiated by signaling, and what came on it."""

    def __init__(self, sctp: RTCSctpTransport, stream_id: int, **parameters: Any) -> None:
        self.messages: list[str | bytes] = []
        self.raw = RTCDataChannel(
            sctp, RTCDataChannelParameters(label="x", negotiated=True, id=stream_id, **parameters)
        )
        self.raw.on("message", self.messages.append)

    @property
    def state(self) -> str:
        return str(self.raw.readyState)

    async def send(self, *messages: str | bytes) -> None:
        """Send messages once the channel is open."""
        await until(lambda: self.state == "open")
        for message in messages:
            self.raw.send(message)


class Dtls:
    """Stands where aiortc's RTCDtlsTransport does. A share `loss` of the packets is lost each way."""

    state = "connected"
    _role = "client"

    def __init__(self, peer: MediaPeer, loss: float) -> None:
        self._peer = peer
        self._loss = loss
        self._random = random.Random(7)
        self._arriving: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        peer.dtls.on_data = self._arriving.put_nowait

    def _register_data_receiver(self, receiver: Any) -> None:
        self._task = asyncio.create_task(self._receive(receiver))

    def _unregister_data_receiver(self, receiver: Any) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _send_data(self, data: bytes) -> None:
        if self._random.random() >= self._loss:
            self._peer.send_data(data)

    async def _receive(self, receiver: Any) -> None:
        while True:
            data = await self._arriving.get()
            if self._random.random() >= self._loss:
                await receiver._handle_data(data)


@dataclass
class DataPeer:
    """A client with data channels on one transport."""

    id: str
    """The id of the transport."""
    worker: Worker
    media: MediaPeer
    sctp: RTCSctpTransport
    channels: dict[int, Channel] = field(default_factory=dict)
    _started: bool = False

    @classmethod
    async def connect(cls, worker: Worker, transport_id: str, *, loss: float = 0) -> DataPeer:
        """Make a transport with SCTP, and connect ICE and DTLS; SCTP begins with the first channel."""
        created = await worker.ask(
            "transport.create", routerId="r", transportId=transport_id, enableSctp=True
        )
        media = MediaPeer(created)
        await worker.ask("transport.connect", transportId=transport_id, dtlsParameters=media.dtls.parameters)
        await media.connect()
        dtls: Any = Dtls(media, loss)
        return cls(transport_id, worker, media, RTCSctpTransport(dtls))

    async def start(self) -> None:
        """Send INIT, unless it was sent."""
        if not self._started:
            self._started = True
            await self.sctp.start(RTCSctpCapabilities(maxMessageSize=262_144), 5000)

    def open(self, stream_id: int, **parameters: Any) -> Channel:
        self.channels[stream_id] = Channel(self.sctp, stream_id, **parameters)
        return self.channels[stream_id]

    def producing(self, stream_id: int, **parameters: Any) -> dict[str, Any]:
        """The data of dataProducer.create for a channel."""
        stream = {"streamId": stream_id, **parameters}
        return {
            "transportId": self.id,
            "dataProducerId": f"p{stream_id}",
            "sctpStreamParameters": stream,
            "label": "chat",
        }

    async def produce(self, stream_id: int, **parameters: Any) -> Channel:
        """Open a channel and have the worker receive it as data producer p<stream_id>."""
        await self.worker.ask("dataProducer.create", **self.producing(stream_id, **parameters))
        await self.start()
        return self.open(stream_id, **parameters)

    async def consume(self, data_producer_id: str, data_consumer_id: str = "") -> Channel:
        """Have the worker send a data producer's messages, and open the channel for it."""
        new = {
            "dataConsumerId": data_consumer_id or f"{self.id}-{data_producer_id}",
            "transportId": self.id,
            "dataProducerId": data_producer_id,
        }
        (made,) = (await self.worker.ask("dataConsumers.create", consumers=[new]))["consumers"]
        stream = made["sctpStreamParameters"]
        stream_id = stream.pop("streamId")
        await self.start()
        return self.open(stream_id, **stream)

    def deaf(self) -> None:
        """Read no more: nothing is acknowledged from now on."""
        self.media.dtls.on_data = lambda data: None

    def close(self) -> None:
        """Vanish, as a client does whose battery is empty."""
        self.sctp.transport._unregister_data_receiver(self.sctp)
        for name in ("t1", "t2", "t3", "reconfig"):
            handle = getattr(self.sctp, f"_{name}_handle", None)
            if handle is not None:
                handle.cancel()
        self.media.close()


@asynccontextmanager
async def data_worker(*transport_ids: str, loss: float = 0) -> AsyncIterator[tuple[Any, ...]]:
    """Serve a worker, and clients with data channels on transports of these ids."""
    async with real_worker() as worker:
        peers = [await DataPeer.connect(worker, id_, loss=loss) for id_ in transport_ids]
        try:
            yield (worker, *peers)
        finally:
            for peer in peers:
                peer.close()
