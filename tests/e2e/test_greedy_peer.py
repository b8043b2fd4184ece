"""One peer that asks for more than anybody needs: it meets limits, and the daemon keeps its size."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.support import rtp
from tests.support.daemon import Daemon
from tests.support.media_peer import MediaPeer
from tests.support.mediactl import mediactl
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import Client, Failure

CONSUMERS, PRODUCERS, STREAMS = 10_000, 1_000, 65_535
CONNECTIONS = 5
MOST_GROWTH = 1_000_000
MID_ID, RID_ID = 4, 5


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(max_http_requests_per_s=10_000) as running:  # here another limit is looked for
        yield running


@pytest.fixture
def room_id(request: pytest.FixtureRequest) -> str:
    """A room of its own for each test."""
    return str(request.node.name)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 240))


def size(daemon: Daemon) -> int:
    """Return the memory of the supervisor and its worker in bytes."""
    supervisor = psutil.Process(daemon.pid)
    return sum(process.memory_info().rss for process in (supervisor, *supervisor.children(recursive=True)))


def require_same_size(daemon: Daemon, before: int, what: str) -> None:
    growth = size(daemon) - before
    print(f"{what}: {growth / 1e6:+.2f} MB of {before / 1e6:.0f} MB")
    assert growth <= MOST_GROWTH, what


async def member(daemon: Daemon, room_id: str, peer_id: str) -> Client:
    url = daemon.ws_url(room_id, peer_id)
    client = Client(await connect(url, subprotocols=[Subprotocol("protoo")], compression=None))
    await client.join()
    return client


async def outcomes(client: Client, count: int, start: int) -> Counter[str]:
    """Ask for this number of producers, one after the other, and return how often which answer came."""
    found: Counter[str] = Counter()
    for number in range(start, start + count):
        try:
            await client.produce("audio", opus(f"m{number}", ssrc=100_000 + number))
            found["made"] += 1
        except Failure as failure:
            found[f"{failure.code} {failure}"] += 1
    return found


def test_a_thousand_producers(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        ana = await member(daemon, room_id, "ana")
        first = await outcomes(ana, 164, 0)
        assert first["made"] == 64
        before = size(daemon)
        more = await outcomes(ana, PRODUCERS - 164, 164)
        (reason,) = more
        assert "the limit peer_producers is reached, 64 of 64: close some" in reason
        require_same_size(daemon, before, f"{PRODUCERS} producers")
        assert (await ana.request("getTransportStats", {"transportId": ana.sending}))[0]["transportId"]
        await ana.close()

    run(scenario())


def test_more_encodings_than_there_can_be(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        ana = await member(daemon, room_id, "ana")
        parameters = vp8()
        parameters["encodings"] = [{"rid": f"r{number}"} for number in range(5)]
        with pytest.raises(Failure, match="encodings"):
            await ana.produce("video", parameters)
        before = size(daemon)
        for number in range(50):
            parameters["encodings"] = [{"ssrc": 1 + number * 1311 + i} for i in range(1311)]
            with pytest.raises(Failure, match="encodings"):
                await ana.produce("video", parameters)
        require_same_size(daemon, before, f"{STREAMS} SSRCs signalled")
        await ana.close()

    run(scenario())


def consume(daemon: Daemon, path: str, body: bytes, count: int) -> Counter[str]:
    """Ask for consumers over one HTTP connection, and return how often which answer came."""
    found: Counter[str] = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
    for _ in range(count):
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        found[f"{answer.status} {'' if answer.status == 201 else text}"] += 1
    connection.close()
    return found


def packet(
    ssrc: int, rid: str | None = None, mid: str = "1", sequence_number: int = 1, size: int = 20
) -> bytes:
    elements = [(MID_ID, mid.encode())] + ([(RID_ID, rid.encode())] if rid else [])
    block = rtp.extension_block(0xBEDE, rtp.one_byte_elements(elements))
    payload = b"\x10" + bytes(size)
    return rtp.packet(payload, ssrc=ssrc, extension=block, sequence_number=sequence_number)


async def sender(daemon: Daemon, room_id: str) -> tuple[Client, MediaPeer]:
    """Make a member that is connected, and sends video with two encodings."""
    client = await member(daemon, room_id, "ana")
    created = await client.request("createWebRtcTransport", {"producing": True})
    peer = MediaPeer(created)
    asked = {"transportId": created["id"], "dtlsParameters": peer.dtls.parameters}
    await asyncio.gather(client.request("connectWebRtcTransport", asked), peer.connect())
    client.sending = created["id"]
    parameters = vp8("1", ssrc=7)
    parameters["encodings"] = [{"rid": "a"}, {"rid": "b"}]
    parameters["headerExtensions"] = [
        {"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": MID_ID},
        {"uri": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "id": RID_ID},
    ]
    await client.produce("video", parameters)
    return client, peer


async def stay(peer: MediaPeer) -> None:
    """Show that the client is there (RFC 7675)."""
    while True:
        await asyncio.sleep(3)
        await peer.check()


def test_ten_thousand_consumers(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        ana, peer = await sender(daemon, room_id)
        producer_id = await ana.produce("audio", opus())
        where = f"/rooms/{room_id}/broadcasters"

        def post(path: str, body: Any) -> Any:
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse().read()
            connection.close()
            return answer

        await asyncio.to_thread(post, where, {"peerId": "ben", "displayName": "Ben", "device": {"name": "x"}})
        await asyncio.to_thread(post, f"{where}/ben/join", {})
        made = json.loads(await asyncio.to_thread(post, f"{where}/ben/transports", {"type": "webrtc"}))
        receiver = MediaPeer(made)
        at = f"{where}/ben/transports/{made['transportId']}/connect"
        connecting = asyncio.to_thread(post, at, {"dtlsParameters": receiver.dtls.parameters})
        await asyncio.gather(connecting, receiver.connect())
        wish = {"transportId": made["transportId"], "producerId": producer_id}
        body = json.dumps({**wish, "rtpCapabilities": ana.capabilities}).encode()
        path = f"{where}/ben/consumers"
        present = asyncio.gather(stay(peer), stay(receiver))
        first = await asyncio.to_thread(consume, daemon, path, body, 300)
        before = size(daemon)
        each = (CONSUMERS - 300) // CONNECTIONS
        asking = (asyncio.to_thread(consume, daemon, path, body, each) for _ in range(CONNECTIONS))
        found = sum(await asyncio.gather(*asking), first)
        print(dict(found))
        assert found["201 "] == 4
        assert sum(found.values()) == CONSUMERS
        limits = ("too many consumers: the transport has 4", "the limit connection_input is reached")
        assert [
            answer for answer in found if answer != "201 " and not any(limit in answer for limit in limits)
        ] == []
        require_same_size(daemon, before, f"{CONSUMERS} consumers")
        present.cancel()
        peer.close()
        receiver.close()
        await ana.close()

    run(scenario())


async def received_bytes(client: Client) -> int:
    (stats,) = await client.request("getTransportStats", {"transportId": client.sending})
    return int(stats["rtpBytesReceived"])


def test_more_than_it_may_send(daemon: Daemon, room_id: str) -> None:
    """A client that does not listen to REMB has its tracks ended after three looks, of 5 s each."""

    async def scenario() -> None:
        client, peer = await sender(daemon, room_id)
        asked = ("peer", "grant", room_id, "ana", "--max-bitrate", "100")
        assert (await mediactl(daemon.admin_socket, *asked)).code == 0
        present = asyncio.create_task(stay(peer))
        began_s = time.monotonic()
        for number in itertools.count():
            if "producerClosed" in client.methods() or time.monotonic() - began_s > 60:
                break
            peer.send_rtp(packet(5, "b", sequence_number=number, size=1000))  # 800 kbit/s
            await asyncio.sleep(0.01)
        data = await client.notified("producerClosed")
        print(f"ended after {time.monotonic() - began_s:.0f} s: {data['reason']}")
        assert "(grant maxBitrateBps)" in data["reason"]
        present.cancel()
        peer.close()
        await client.close()

    run(scenario())


@pytest.mark.parametrize("what", ["SSRCs", "RIDs", "SSRCs of one RID"])
def test_more_streams_than_there_can_be(daemon: Daemon, room_id: str, what: str) -> None:
    def of(number: int) -> bytes:
        match what:
            case "SSRCs":
                return packet(1000 + number, mid="?")
            case "RIDs":
                return packet(1000 + number, f"r{number}")
        return packet(1000 + number, "a")

    async def scenario() -> None:
        client, peer = await sender(daemon, room_id)
        for number in range(2000):
            peer.send_rtp(of(number))
        await asyncio.sleep(1)
        before = size(daemon)
        for number in range(2000, STREAMS):
            peer.send_rtp(of(number))
            if number % 100 == 0:
                await asyncio.sleep(0.002)
            if number % 5000 == 0:
                await peer.check()
        await asyncio.sleep(1)
        require_same_size(daemon, before, f"{STREAMS} {what} sent")
        before_honest = await received_bytes(client)
        for number in range(100):
            peer.send_rtp(packet(5, "b", sequence_number=number))
        await asyncio.sleep(1)
        assert await received_bytes(client) - before_honest > 100 * 40, "what it may send still comes"
        peer.close()
        await client.close()

    run(scenario())
