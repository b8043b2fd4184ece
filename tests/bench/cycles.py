"""Clients with data channels that come and go: what a worker's process holds after them."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from mediad.clock import LoopClock
from mediad.pipe.data_requests import SctpStreamParameters
from mediad.protocols.datachannel import text_message
from mediad.worker.data.sctp import Sctp
from tests.bench.data import Client, Requests
from tests.support.loops import until
from tests.support.worker_shell import Started


@dataclass(frozen=True, slots=True)
class Held:
    """The holdings of a worker's process."""

    rss_bytes: int
    descriptors: int
    associations: int
    transports: int
    packet_slots_free: int


class Visits:
    """A worker that clients visit one after the other."""

    def __init__(self, started: Started) -> None:
        self._requests = Requests(started)
        self._process = psutil.Process(started.process.pid)
        self._sctp = Sctp(LoopClock())
        self._requests.ask("router.create", routerId="r")

    async def visit(self, number: int) -> None:
        """Come, send a message that is told to this client itself, and go by turns in either way."""
        transport_id, requests = f"t{number}", self._requests
        client = await Client.connect(requests, self._sctp, transport_id, f"127.0.1.{number % 200 + 1}")
        requests.ask(
            "dataProducer.create",
            transportId=transport_id,
            dataProducerId=f"p{number}",
            sctpStreamParameters={"streamId": 0},
        )
        wanted = {
            "dataConsumerId": f"c{number}",
            "transportId": transport_id,
            "dataProducerId": f"p{number}",
        }
        (made,) = requests.ask("dataConsumers.create", consumers=[wanted])["consumers"]
        lane = client.channels.add_lane(SctpStreamParameters(0), lambda reason: None)
        client.channels.add_sink(made["sctpStreamParameters"]["streamId"], client)
        client.secured()
        client.channels.put(lane, text_message("a message of some length"))
        await until(lambda: client.latencies_s)
        if number % 2:
            client.close()
        requests.ask("transport.close", transportId=transport_id)
        if not number % 2:
            client.close()

    def held(self) -> Held:
        stats = self._requests.ask("worker.stats")
        return Held(
            rss_bytes=stats["rssBytes"],
            descriptors=self._process.num_fds(),
            associations=stats["data"]["associations"],
            transports=stats["transports"],
            packet_slots_free=stats["packetSlots"]["free"],
        )
