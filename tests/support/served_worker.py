"""A WorkerServer asked as the supervisor would, in the pipe's spelling, and what it told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import msgspec

from mediad.config.settings import WorkerSettings
from mediad.errors import (
    MediadError,
    from_code,
)
from mediad.pipe.channel import Answers
from mediad.pipe.messages import Event
from mediad.pipe.misfits import Misfits
from mediad.worker import server
from mediad.worker.server import WorkerServer
from tests.support.loops import raises
from tests.support.media_peer import CERTIFICATE, MediaPeer
from tests.support.negotiation import accept, chrome_vp8
from tests.support.pipe_wire import wire
from tests.support.ports import free_port
from tests.support.recording_loop import recorded_plane
from tests.support.worker_objects import consumer_wire
from tests.support.worker_settings import worker_settings

DTLS = {"fingerprints": [{"algorithm": f.algorithm, "value": f.value} for f in CERTIFICATE.fingerprints]}


class Worker:
    """A WorkerServer and what it told, asked as the supervisor would."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.events: list[Event] = []
        misfits = Misfits("request", "unknown_request")
        self.server = WorkerServer(settings, self.events.append, misfits)
        self._answers = Answers(self.server.handlers(), misfits)

    async def ask(self, method: str, /, **data: Any) -> dict[str, Any]:
        reply = await self._answers.answer(method, msgspec.Raw(msgspec.msgpack.encode(data)))
        answer: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(reply))
        return answer

    async def consume(self, /, **data: Any) -> dict[str, Any]:
        """Ask for one consumer; raises what kept it from being made."""
        (answer,) = (await self.ask("consumers.create", **data))["consumers"]
        if "code" in answer:
            raise from_code(answer["code"], answer["reason"])
        return dict(answer)

    async def refused(self, error: type[MediadError], method: str, /, **data: Any) -> str:
        asking = self.consume(**data) if method == "consumers.create" else self.ask(method, **data)
        return await raises(error, asking)

    async def connected(self, transport_id: str, candidate: int = 0, *, force_tcp: bool = False) -> MediaPeer:
        """A client on a new transport of router "r", its handshake done over one of the candidates."""
        created = await self.ask(
            "transport.create", routerId="r", transportId=transport_id, forceTcp=force_tcp
        )
        peer = MediaPeer(created, candidate)
        await self.ask("transport.connect", transportId=transport_id, dtlsParameters=peer.dtls.parameters)
        await peer.connect()
        return peer

    def told(self, name: str) -> list[dict[str, Any]]:
        return [wire(event) for event in self.events if event.row == name]


def recorded_worker() -> Worker:
    """Return a worker over a media loop that only records."""
    with patch.object(server, "MediaPlane", lambda clock, **_: recorded_plane(clock)[0]):
        return Worker(worker_settings())


async def with_router() -> Worker:
    worker = recorded_worker()
    await worker.ask("router.create", routerId="r")
    return worker


@asynccontextmanager
async def real_worker(**settings: Any) -> AsyncIterator[Worker]:
    """Serve a worker with its media thread and its port, and a router "r"."""
    first = free_port(10)
    ports = {"rtc_first_port": first, "rtc_last_port": first + 99}
    worker = Worker(worker_settings(4, **{**ports, **settings}))
    await worker.server.start()
    try:
        await worker.ask("router.create", routerId="r")
        yield worker
    finally:
        worker.server.close()


def producer(wire: dict[str, Any], kind: str = "video", producer_id: str = "p") -> dict[str, Any]:
    """The data of producer.create."""
    accepted = accept(wire, kind=kind)
    return {
        "transportId": "a",
        "producerId": producer_id,
        "kind": kind,
        "rtpParameters": accepted.rtp_parameters.to_wire(),
        "rtpMapping": accepted.mapping.to_wire(),
        "paused": False,
        "levels": kind == "audio",
    }


def consumer(wire: dict[str, Any], kind: str = "video", consumer_id: str = "c") -> dict[str, Any]:
    """The data of consumers.create for one of them."""
    accepted = accept(wire, kind=kind)
    parameters = consumer_wire(accepted.consumable)
    (encoding,) = parameters["encodings"]
    new = {"consumerId": consumer_id, "transportId": "b", "form": 0, "mid": "0", "ssrc": encoding["ssrc"]}
    if "rtx" in encoding:
        new["rtxSsrc"] = encoding["rtx"]["ssrc"]
    return {
        "forms": [{"producerId": "p", "type": accepted.type, "rtpParameters": parameters}],
        "consumers": [new],
        "paused": False,
        "ignoreDtx": False,
    }


async def with_everything() -> Worker:
    """Router r, transports a and b, producer p on a, its consumer c on b."""
    worker = await with_router()
    for transport_id in ("a", "b"):
        await worker.ask("transport.create", routerId="r", transportId=transport_id, forceTcp=False)
    await worker.ask("producer.create", **producer(chrome_vp8()))
    await worker.consume(**consumer(chrome_vp8()))
    return worker
