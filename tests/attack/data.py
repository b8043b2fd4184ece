"""Floods of data channels by peers of a room: messages through SCTP, and packets that are no SCTP."""

from __future__ import annotations

import asyncio
import itertools
import random
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from mediad.clock import LoopClock
from mediad.pipe.data_requests import SctpStreamParameters
from mediad.protocols.datachannel import BINARY, ChannelMessage
from mediad.worker.data.channels import DataChannels
from mediad.worker.data.sctp import Sctp
from tests.attack.attack import Attack
from tests.attack.connections import HOST, Attacker, at_once
from tests.support.media_peer import MediaPeer
from tests.support.protoo_client import ProtooClient

_CAPABILITIES = {"numStreams": {"OS": 1024, "MIS": 1024}}
_IN_FLIGHT = 200
_numbers = itertools.count()


async def _answer(method: str, data: dict[str, Any]) -> dict[str, Any]:
    return {}


class Peer:
    """A joined peer with a data channel to send on."""

    def __init__(self, client: ProtooClient, media: MediaPeer) -> None:
        self.media = media
        self._client = client

    @classmethod
    async def join(cls, attacker: Attacker, room_id: str, peer_id: str) -> Peer:
        front = attacker.target.front
        socket = await connect(
            f"ws://{front[0]}:{front[1]}{attacker.target.path(room_id, peer_id)}",
            subprotocols=[Subprotocol("protoo")],
            compression=None,
            local_addr=(HOST, 0),
        )
        client = ProtooClient(socket, _answer, lambda *_: None)
        asked = {"producing": True, "consuming": False, "sctpCapabilities": _CAPABILITIES}
        created = await client.request("createWebRtcTransport", asked)
        media = MediaPeer(created, host=HOST)
        told = {"transportId": created["id"], "dtlsParameters": media.dtls.parameters}
        await client.request("connectWebRtcTransport", told)
        await media.connect()
        await client.request("join", {"displayName": "d", "device": {}, "sctpCapabilities": _CAPABILITIES})
        stream = {"streamId": 0, "ordered": True}
        data = {"transportId": created["id"], "sctpStreamParameters": stream, "label": "chat", "protocol": ""}
        await client.request("produceData", data)
        return cls(client, media)

    async def close(self) -> None:
        self.media.close()
        with suppress(Exception):
            await self._client.close()


async def _messages(attacker: Attacker, size: int) -> None:
    number = next(_numbers)
    peer = await Peer.join(attacker, f"data{number % 2}", f"d{number}")

    def send(packets: list[bytes]) -> None:
        for packet in packets:
            peer.media.send_data(packet)

    channels = DataChannels(Sctp(LoopClock()), LoopClock(), lambda state, reason: None, send)
    peer.media.dtls.on_data = channels.receive
    lane = channels.add_lane(SctpStreamParameters(0), lambda reason: None)
    channels.secured(peer.media.dtls.endpoint.max_message_bytes)
    try:
        while attacker.goes_on:
            for _ in range(_IN_FLIGHT):
                channels.put(lane, ChannelMessage(BINARY, bytes(size)))
                attacker.outcome.sent += 1
            await asyncio.sleep(0.005)
    finally:
        channels.close()
        await peer.close()


async def _small_messages(attacker: Attacker) -> None:
    await _messages(attacker, 20)


async def _large_messages(attacker: Attacker) -> None:
    await _messages(attacker, 60_000)


async def _junk(attacker: Attacker) -> None:
    number = next(_numbers)
    peer = await Peer.join(attacker, f"junk{number % 2}", f"j{number}")
    rng = random.Random(number)
    try:
        while attacker.goes_on:
            for _ in range(50):
                peer.media.send_data(rng.randbytes(rng.randrange(1, 1000)))
                attacker.outcome.sent += 1
            await asyncio.sleep(0)
    finally:
        await peer.close()


ATTACKS = (
    Attack("data-messages", "4 peers send small messages without end", at_once(4, _small_messages)),
    Attack("data-large", "4 peers send messages of 60 000 bytes without end", at_once(4, _large_messages)),
    Attack("data-junk", "2 peers send any bytes inside of DTLS", at_once(2, _junk)),
)
