"""A declared test double of the media side: a worker that keeps books instead of moving packets.

It answers every pipe method the way a worker does, in order, and remembers what exists, so that a test can
ask at the end whether anything leaked. Answers can be held back, to see what happens meanwhile.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from mediad.errors import InvalidState, MediadError, NotFound, Unavailable, WorkerDied

EventHandler = Callable[[str, dict[str, Any]], None]

ICE_PARAMETERS = {"usernameFragment": "u" * 16, "password": "p" * 32, "iceLite": True}
TRANSPORT_PARAMETERS = {
    "iceParameters": ICE_PARAMETERS,
    "iceCandidates": [],
    "dtlsParameters": {"role": "auto", "fingerprints": [{"algorithm": "sha-256", "value": "AB:CD"}]},
}
DEFAULT_SCORE = {"score": 10, "producerScore": 10, "producerScores": []}


class BookkeepingWorker:
    """A MediaWorker without media."""

    def __init__(self, worker_id: int = 0) -> None:
        self.worker_id = worker_id
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.routers: dict[str, dict[str, Any]] = {}
        self.transports: dict[str, dict[str, Any]] = {}
        self.producers: dict[str, dict[str, Any]] = {}
        self.consumers: dict[str, dict[str, Any]] = {}
        self.flows: dict[str, dict[str, Any]] = {}
        """Transport id → what `router.stats` says of it."""
        self.failures: dict[str, MediadError] = {}
        """Method → what it fails with."""
        self.too_slow: set[str] = set()
        """Methods that are carried out and not answered in time."""
        self.consumer_room: int | None = None
        """How many consumers it can hold; None is any number."""
        self.dice: random.Random | None = None
        """With dice, answers take a random number of turns of the event loop, and so overtake each other."""
        self.subscribers: dict[str, EventHandler] = {}
        self.dead = False
        self._gates: dict[str, asyncio.Event] = {}
        self._waiting: set[asyncio.Future[None]] = set()

    # -- MediaWorker -----------------------------------------------------------------------------------

    async def request_for(
        self, router_id: str, method: str, compose: Callable[[], dict[str, Any] | None]
    ) -> dict[str, Any]:
        """Carried out at once, as a pipe delivers in order; only the answer takes time."""
        if self.dead:
            raise WorkerDied("worker died")
        data = compose()
        if data is None:
            raise InvalidState("closed meanwhile")
        self.requests.append((method, data))
        outcome = self._carry_out(method, data)
        await self._answer_time(method)
        for _ in range(self.dice.randrange(5) if self.dice is not None else 0):
            await asyncio.sleep(0)
        if isinstance(outcome, MediadError):
            raise outcome
        return outcome

    def subscribe(self, router_id: str, on_event: EventHandler) -> None:
        self.subscribers[router_id] = on_event

    def unsubscribe(self, router_id: str) -> None:
        self.subscribers.pop(router_id, None)

    # -- what a test does with it ----------------------------------------------------------------------

    def hold(self, method: str) -> None:
        """Answers to `method` wait until `release`."""
        self._gates[method] = asyncio.Event()

    def release(self, method: str) -> None:
        self._gates.pop(method).set()

    def emit(self, name: str, **data: Any) -> None:
        """An event to every room that is subscribed; rooms ignore what is not theirs."""
        for router_id, handler in list(self.subscribers.items()):
            handler(name, {"routerId": router_id, **data})

    def die(self) -> None:
        """Every answer that is awaited becomes WorkerDied."""
        self.dead = True
        for future in self._waiting:
            if not future.done():
                future.set_exception(WorkerDied("worker died"))

    def called(self, method: str) -> list[dict[str, Any]]:
        """The data of every request of this method, in order."""
        return [data for name, data in self.requests if name == method]

    def is_empty(self) -> bool:
        return not (self.routers or self.transports or self.producers or self.consumers or self.subscribers)

    # -- the books -------------------------------------------------------------------------------------

    async def _answer_time(self, method: str) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        gate = self._gates.get(method)
        opened = asyncio.ensure_future(gate.wait() if gate is not None else asyncio.sleep(0))
        try:
            await asyncio.wait([future, opened], return_when=asyncio.FIRST_COMPLETED)
            if future.done():
                future.result()
        finally:
            opened.cancel()
            self._waiting.discard(future)

    def _carry_out(self, method: str, data: dict[str, Any]) -> dict[str, Any] | MediadError:
        if method in self.failures:
            return self.failures[method]
        try:
            verb: Callable[[dict[str, Any]], dict[str, Any]] = getattr(
                self, "_" + method.replace(".", "_").lower()
            )
            answer = verb(data)
            return Unavailable("no answer in time") if method in self.too_slow else answer
        except MediadError as error:
            return error

    def _find(self, table: str, key: str, data: dict[str, Any]) -> dict[str, Any]:
        entry: dict[str, Any] | None = getattr(self, table).get(data[key])
        if entry is None:
            raise NotFound(f'{key.removesuffix("Id")} with id "{data[key]}" not found')
        return entry

    def _router_create(self, data: dict[str, Any]) -> dict[str, Any]:
        self.routers[data["routerId"]] = dict(data)
        return {}

    def _router_close(self, data: dict[str, Any]) -> dict[str, Any]:
        router = self._find("routers", "routerId", data)
        for transport in [t for t in self.transports.values() if t["routerId"] == router["routerId"]]:
            self._transport_close(transport)
        del self.routers[data["routerId"]]
        return {}

    def _router_stats(self, data: dict[str, Any]) -> dict[str, Any]:
        router = self._find("routers", "routerId", data)
        own = [t["transportId"] for t in self.transports.values() if t["routerId"] == router["routerId"]]
        return {"transports": [{"transportId": id_, **self.flows.get(id_, {})} for id_ in own]}

    def _transport_create(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("routers", "routerId", data)
        self.transports[data["transportId"]] = {**data, "connected": False}
        return TRANSPORT_PARAMETERS

    def _transport_connect(self, data: dict[str, Any]) -> dict[str, Any]:
        transport = self._find("transports", "transportId", data)
        if transport["connected"]:
            raise InvalidState("connect() already called")
        transport["connected"] = True
        return {"dtlsLocalRole": "server"}

    def _transport_restartice(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("transports", "transportId", data)
        return {"iceParameters": {**ICE_PARAMETERS, "usernameFragment": "v" * 16}}

    def _transport_close(self, data: dict[str, Any]) -> dict[str, Any]:
        transport = self._find("transports", "transportId", data)
        for producer in [p for p in self.producers.values() if p["transportId"] == transport["transportId"]]:
            self._producer_close(producer)
        for consumer in [c for c in self.consumers.values() if c["transportId"] == transport["transportId"]]:
            self._consumer_close(consumer)
        del self.transports[data["transportId"]]
        return {}

    def _transport_stats(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("transports", "transportId", data)
        return {"stats": [{"type": "webrtc-transport", "transportId": data["transportId"]}]}

    def _producer_create(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("transports", "transportId", data)
        self.producers[data["producerId"]] = dict(data)
        return {}

    def _producer_close(self, data: dict[str, Any]) -> dict[str, Any]:
        producer = self._find("producers", "producerId", data)
        for consumer in [c for c in self.consumers.values() if c["producerId"] == producer["producerId"]]:
            self._consumer_close(consumer)
        del self.producers[data["producerId"]]
        return {}

    def _producer_pause(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("producers", "producerId", data)["paused"] = True
        return {}

    def _producer_resume(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("producers", "producerId", data)["paused"] = False
        return {}

    def _producer_stats(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("producers", "producerId", data)
        return {"stats": [{"type": "inbound-rtp"}]}

    def _consumers_create(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"consumers": [self._make_consumer(data, new) for new in data["consumers"]]}

    def _make_consumer(self, data: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        form = data["forms"][new["form"]]
        try:
            if self.consumer_room is not None and len(self.consumers) >= self.consumer_room:
                raise Unavailable("this worker is full")
            self._find("transports", "transportId", new)
            self._find("producers", "producerId", form)
        except MediadError as error:
            return {"code": error.code, "reason": str(error)}
        self.consumers[new["consumerId"]] = {
            **new,
            "producerId": form["producerId"],
            "rtpParameters": form["rtpParameters"],
            "paused": data["paused"],
            "ignoreDtx": data["ignoreDtx"],
        }
        return {"score": DEFAULT_SCORE}

    def _consumers_resume(self, data: dict[str, Any]) -> dict[str, Any]:
        for consumer_id in data["consumerIds"]:
            if consumer_id in self.consumers:
                self.consumers[consumer_id]["paused"] = False
        return {"missing": [id_ for id_ in data["consumerIds"] if id_ not in self.consumers]}

    def _consumer_close(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("consumers", "consumerId", data)
        del self.consumers[data["consumerId"]]
        return {}

    def _consumer_pause(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("consumers", "consumerId", data)["paused"] = True
        return {}

    def _consumer_resume(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("consumers", "consumerId", data)["paused"] = False
        return {}

    def _consumer_setpreferredlayers(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("consumers", "consumerId", data)["preferredLayers"] = data
        return {"preferredLayers": None}

    def _consumer_setpriority(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("consumers", "consumerId", data)["priority"] = data["priority"]
        return {}

    def _consumer_requestkeyframe(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("consumers", "consumerId", data)
        return {}

    def _consumer_stats(self, data: dict[str, Any]) -> dict[str, Any]:
        self._find("consumers", "consumerId", data)
        return {"stats": [{"type": "outbound-rtp"}, {"type": "inbound-rtp"}]}


class Workers:
    """A Placement over such workers: the living one with the fewest rooms."""

    def __init__(self, count: int = 1) -> None:
        self.workers = [BookkeepingWorker(index) for index in range(count)]
        self.placed: dict[str, int] = {}
        self.displaced: dict[str, int] = {}
        self.draining = False

    def place(self, room_id: str) -> BookkeepingWorker:
        living = [worker for worker in self.workers if not worker.dead]
        avoided = self.displaced.pop(room_id, None)
        living = [worker for worker in living if worker.worker_id != avoided] or living
        if self.draining or not living:
            raise Unavailable("draining" if self.draining else "no worker is available")
        rooms = list(self.placed.values())
        worker = min(living, key=lambda worker: rooms.count(worker.worker_id))
        self.placed[room_id] = worker.worker_id
        return worker

    def displace(self, room_id: str) -> None:
        self.displaced[room_id] = self.placed[room_id]

    def release(self, room_id: str) -> None:
        del self.placed[room_id]
