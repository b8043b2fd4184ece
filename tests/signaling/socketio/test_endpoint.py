"""Requests below /socket.io: who may ask, how much, and how long it takes."""

from __future__ import annotations

import asyncio
import gc
import json
import logging

import pytest
from engineio import packet as engine_packet
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from mediad.rooms.stock import Size
from mediad.signaling.access import Access, AccessRules
from mediad.signaling.app import SignalingSettings
from mediad.signaling.limits import ConnectionLimits
from mediad.signaling.server.client_connection import FrontState
from mediad.signaling.server.proxies import Proxies
from mediad.signaling.socketio import endpoint
from mediad.signaling.socketio.link import Link, Socket
from mediad.signaling.socketio.packets import SEPARATOR
from tests.support.signaling import PATIENCE_S, Front, eventually, front_state, raw, run
from tests.support.socketio_clients import PATH, RawClient, packet

POLL = f"{PATH}polling"


async def post(front: Front, sid: str, body: str | bytes) -> int:
    data = body.encode() if isinstance(body, str) else body
    reader, writer = await raw(
        front,
        f"POST {POLL}&sid={sid} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n".encode(),
        f"Content-Length: {len(data)}\r\n\r\n".encode() + data,
    )
    answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
    writer.close()
    return int(answer.split()[1])


async def handshake(front: Front) -> str:
    """Begin long polling; returns the session's id."""
    status, _, body = await front.get(POLL)
    assert status == 200
    sid: str = json.loads(body[1:])["sid"]
    return sid


def test_a_handshake_says_what_there_is() -> None:
    async def scenario(front: Front) -> None:
        status, headers, body = await front.get(POLL)
        told = json.loads(body[1:])
        assert (status, body[:1], told["upgrades"]) == (200, b"0", ["websocket"])
        assert (told["pingInterval"], told["pingTimeout"], told["maxPayload"]) == (25_000, 20_000, 960_000)
        assert "set-cookie" not in headers
        assert "content-encoding" not in headers
        other = await handshake(front)
        assert len(told["sid"]) == len(other) == 20
        assert told["sid"][:16] != other[:16]

    run(scenario)


def test_a_poll_is_answered_when_there_is_something() -> None:
    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        polling = asyncio.ensure_future(front.get(f"{POLL}&sid={sid}"))
        await asyncio.sleep(0.05)
        assert not polling.done()
        assert await post(front, sid, "40") == 200
        assert (await polling)[2].startswith(b'40{"sid":')
        events = [packet("join-room", {"roomId": "room"})] + ["42[1]"] * 30
        assert await post(front, sid, SEPARATOR.join(events)) == 200
        texts = (await front.get(f"{POLL}&sid={sid}"))[2].decode().split(SEPARATOR)
        while len(texts) < 33:
            texts += (await front.get(f"{POLL}&sid={sid}"))[2].decode().split(SEPARATOR)
        assert sum(text.startswith('42["error"') for text in texts) == 30
        assert await post(front, sid, "1") == 200
        await eventually(lambda: front.registry.room_count == 0)
        assert await post(front, sid, "3") == 400

    run(scenario)


def test_a_client_that_leaves_a_poll_is_gone() -> None:
    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        await post(front, sid, "40" + SEPARATOR + packet("join-room", {"roomId": "room"}))
        await eventually(lambda: front.registry.peer_count)
        await front.get(f"{POLL}&sid={sid}")
        _, writer = await raw(front, f"GET {POLL}&sid={sid} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await asyncio.sleep(0.05)
        writer.close()
        await eventually(lambda: front.registry.peer_count == 0)

    run(scenario)


@pytest.mark.parametrize(
    "request_line",
    [
        f"GET {POLL}&sid=nothing",
        f"GET {POLL}&j=0",
        "GET /socket.io/?EIO=3&transport=polling",
        "GET /socket.io/?EIO=4&transport=pigeon",
        f"GET {PATH}websocket",
        f"GET {POLL}&sid=one&sid=two",
        f"GET {POLL}&transport=websocket",
        f"POST {POLL}",
        f"POST {POLL}&sid=nothing",
    ],
)
def test_requests_that_make_no_sense(request_line: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def scenario(front: Front) -> None:
        status, _, _ = await front.http(f"{request_line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert status == 400

    run(scenario)
    assert not caplog.records


def test_a_proxy_that_passes_on_half_an_upgrade(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def scenario(front: Front) -> None:
        head = f"GET {PATH}websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n"
        status, _, body = await front.http(head)
        assert (status, b"Connection: Upgrade" in body) == (400, True)

    run(scenario)
    assert not caplog.records


def test_a_websocket_that_mediad_closes_while_it_is_to_take_over(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)

    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        socket = await connect(f"ws://127.0.0.1:{front.port}{PATH}websocket&sid={sid}", compression=None)
        (link,) = links
        decoded = engine_packet.Packet.decode

        def closing(packet: engine_packet.Packet, text: str) -> object:
            link.close("at this very moment")
            return decoded(packet, text)

        monkeypatch.setattr(engine_packet.Packet, "decode", closing)
        await socket.send("2probe")
        await asyncio.wait_for(socket.wait_closed(), PATIENCE_S)

    def took(link: Link, socket: Socket) -> None:
        links.append(link)
        take_socket(link, socket)

    links: list[Link] = []
    take_socket = Link.take_socket
    monkeypatch.setattr(Link, "take_socket", took)
    run(scenario)
    assert not caplog.records


def test_a_session_has_one_websocket() -> None:
    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        url = f"ws://127.0.0.1:{front.port}{PATH}websocket&sid={sid}"
        first = await connect(url, compression=None)
        with pytest.raises(InvalidStatus) as caught:
            await connect(url, compression=None)
        assert caught.value.response.status_code == 400
        await first.send("2probe")
        assert await first.recv() == "3probe"
        await first.send("5")
        await first.send("40")
        while not str(await first.recv()).startswith("40{"):
            pass
        with pytest.raises(InvalidStatus):
            await connect(url, compression=None)
        await first.send("42[1]")
        assert str(await first.recv()).startswith('42["error"')
        await first.close()

    run(scenario)


def test_a_session_that_was_closed_reads_no_more_of_a_body(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="mediad.signaling.socketio.link")

    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        assert await post(front, sid, SEPARATOR.join("b" * 100)) == 400

    run(scenario, settings=SignalingSettings(limits=ConnectionLimits(violations=5)))
    assert sum("binary attachments" in record.getMessage() for record in caplog.records) == 6


def test_a_session_does_not_hold_the_head_of_its_handshake() -> None:
    async def scenario(front: Front) -> None:
        assert (await front.get(POLL, **{"X-Marker": "held"}))[0] == 200
        gc.collect()
        lists = [found for found in gc.get_objects() if isinstance(found, list)]
        assert sum((b"x-marker", b"held") in found for found in lists) == 0

    run(scenario)


@pytest.mark.parametrize("body", ["", "hello", "2probe", "5", "0", SEPARATOR, "4", "9", "4[[[["])
def test_bodies_that_are_no_packets_end_the_session(body: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        assert await post(front, sid, body) == 400
        assert await post(front, sid, "40") == 400

    run(scenario)
    assert not caplog.records


def test_bodies_have_a_size() -> None:
    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        assert await post(front, sid, "4" + "0" * 2_000) == 413
        assert await post(front, sid, b"40\xff") == 400
        assert await post(front, sid, "40") == 200

    run(scenario, front_state=front_state(message_bytes_before_join=1_000))


def test_frames_have_a_size() -> None:
    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, "40", "42" + "0" * 2_000)
        assert await client.closed() == 1009

    run(scenario, front_state=front_state(message_bytes_before_join=1_000))


@pytest.mark.parametrize("text", ["", "hello", "2probe", "5", "0", "4", "9", "4[[[["])
def test_frames_that_are_no_packets_end_the_connection(text: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def scenario(front: Front) -> None:
        client = await RawClient.connect(front, "40", text)
        assert await client.closed() == 1008

    run(scenario)
    assert not caplog.records


def test_a_websocket_that_never_takes_over_leaves_polling_as_it_was() -> None:
    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        url = f"ws://127.0.0.1:{front.port}{PATH}websocket&sid={sid}"
        for probe in ((), ("2probe",), ("3",), ("2probe", "3")):
            socket = await connect(url, compression=None)
            for text in probe:
                await socket.send(text)
            await socket.close()
        await post(front, sid, "40")
        _, _, body = await front.get(f"{POLL}&sid={sid}")
        while b"40{" not in body:
            _, _, body = await front.get(f"{POLL}&sid={sid}")
        polling = asyncio.ensure_future(front.get(f"{POLL}&sid={sid}"))
        await asyncio.sleep(0.05)
        assert not polling.done(), "it is held, and not answered at once again and again"
        await post(front, sid, "1")
        await polling

    run(scenario)


def test_pages_of_foreign_origins() -> None:
    async def scenario(front: Front) -> None:
        assert (await front.get(POLL, Origin="http://evil.example"))[0] == 403
        status, headers, _ = await front.get(POLL, Origin="http://app.example")
        assert (status, headers["access-control-allow-origin"]) == (200, "http://app.example")
        with pytest.raises(InvalidStatus) as caught:
            await RawClient.connect(front, origin="http://evil.example")
        assert caught.value.response.status_code == 403
        client = await RawClient.connect(front, "40", origin="http://app.example")
        await client.until("40{")
        await client.close()

    access = Access(AccessRules(origins=("http://app.example",)))
    run(scenario, settings=SignalingSettings(access=access))


def test_without_rules_pages_of_every_origin_may_poll() -> None:
    async def scenario(front: Front) -> None:
        status, headers, _ = await front.get(POLL, Origin="http://any.example")
        assert (status, headers["access-control-allow-origin"]) == (200, "http://any.example")
        status, headers, _ = await front.http(
            f"OPTIONS {POLL} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: http://any.example\r\n"
            "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-mine\r\n\r\n"
        )
        assert (status, headers["access-control-allow-headers"]) == (200, "x-mine")

    run(scenario)


def test_a_draining_server_sends_clients_elsewhere() -> None:
    async def scenario(front: Front) -> None:
        front.placement.draining = True
        assert (await front.get(POLL))[0] == 503
        with pytest.raises(InvalidStatus) as caught:
            await RawClient.connect(front)
        assert caught.value.response.status_code == 503

    run(scenario)


def test_no_address_takes_all_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "LINKS", Size(8))

    async def scenario(front: Front) -> None:
        sids = [await handshake(front) for _ in range(5)]
        assert (await front.get(POLL))[0] == 503
        await post(front, sids[0], "1")
        await handshake(front)

    run(scenario)


def test_clients_of_a_proxy_on_this_machine_have_shares_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "LINKS", Size(8))

    async def scenario(front: Front) -> None:
        headers = {"X-Forwarded-For": "203.0.113.7"}
        assert [(await front.get(POLL, **headers))[0] for _ in range(6)] == [200] * 5 + [503]
        await handshake(front)

    run(scenario, front_state=FrontState(proxies=Proxies(["127.0.0.0/8"])))


def test_a_server_that_stops_does_not_wait_for_polls() -> None:
    async def scenario(front: Front) -> None:
        sid = await handshake(front)
        polls.append(asyncio.ensure_future(front.get(f"{POLL}&sid={sid}")))
        await asyncio.sleep(0.05)

    polls: list[asyncio.Future[tuple[int, dict[str, str], bytes]]] = []
    run(scenario)
    assert polls[0].result()[2] == b"1"
