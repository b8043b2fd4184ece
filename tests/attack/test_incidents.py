"""Incidents that brought down or opened other servers of this kind, tried on a daemon that runs.

docs/security.md has the list, with the tests that hold the details.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import jwt
import pytest
from pylibsrtp import Error as SrtpError
from websockets.exceptions import ConnectionClosed

from tests.attack.people import Person
from tests.attack.udp import _fragments, _hellos
from tests.support import sctp_packets
from tests.support.daemon import Daemon
from tests.support.loops import on_loop, raises, until_sync
from tests.support.media_peer import DtlsClient, check_for
from tests.support.plain_broadcaster import OPUS, Plain, PlainBroadcaster
from tests.support.plain_broadcaster import Refused as HttpRefused
from tests.support.protoo_client import Refused
from tests.support.rtp import packet

SECRET = secrets.token_hex(32)
ANYBODY: Any = None
STRANGER = "127.77.7.7"
VP9: dict[str, Any] = {
    "mid": "1",
    "codecs": [
        {
            "mimeType": "video/VP9",
            "payloadType": 98,
            "clockRate": 90000,
            "parameters": {"profile-id": 2},
            "rtcpFeedback": [{"type": "nack", "parameter": "pli"}],
        }
    ],
    "headerExtensions": [],
    "encodings": [{"ssrc": 999, "scalabilityMode": "L3T3"}],
    "rtcp": {"cname": "cname"},
}


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(workers=1, jwt_secrets=SECRET, log_level="info") as daemon:
        pids = daemon.worker_pids()
        yield daemon
        assert daemon.worker_pids() == pids, "a worker was replaced"


@pytest.fixture(scope="module")
def open_daemon() -> Iterator[Daemon]:
    """A daemon without tokens, for the broadcasters of the tests."""
    with Daemon(workers=1) as daemon:
        yield daemon


@pytest.fixture
def room_id(request: pytest.FixtureRequest) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:60]


async def enter(daemon: Daemon, room_id: str, peer_id: str, *, sends: bool = True) -> Person:
    return await Person.enter(daemon.port, SECRET, room_id, peer_id, sends=sends)


async def couple(daemon: Daemon, room_id: str) -> tuple[Person, Person]:
    """One who sends Opus of SSRC 4242, and one who receives it."""
    receiver = await (await enter(daemon, room_id, "receiver", sends=False)).connect()
    await receiver.join(receives=True)
    sender = await (await enter(daemon, room_id, "sender")).connect()
    await sender.join(receives=False)
    await sender.send_opus(4242)
    return sender, receiver


async def flows(sender: Person, receiver: Person, first: int = 1) -> None:
    """Send until something arrives that was not there before."""
    before, number = len(receiver.media.packets), first
    while len(receiver.media.packets) <= before:
        sound = packet(b"sound", payload_type=111, ssrc=4242, sequence_number=number, timestamp=number * 960)
        sender.media.send_rtp(sound)
        number += 1
        await asyncio.sleep(0.02)
        assert number < first + 500, "nothing arrives"


def stranger(person: Person) -> socket.socket:
    """A socket of somebody else, connected to the port of a person's transport."""
    candidate = person.transport["iceCandidates"][0]
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((STRANGER, 0))
    opened.connect((candidate["address"], candidate["port"]))
    opened.settimeout(0.3)
    return opened


def answers(opened: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(opened.recv(2048))
        except TimeoutError:
            return found


@on_loop
async def test_a_strangers_hellos_get_no_answer_and_win_no_race(daemon: Daemon, room_id: str) -> None:
    """A forged ClientHello was taken for the client's (CVE-2023-51443)."""
    person = await enter(daemon, room_id, "a")
    with stranger(person) as attacker:
        for hello in list(_hellos(ANYBODY))[:50]:
            attacker.send(hello)
        await person.connect()
        assert await asyncio.to_thread(answers, attacker) == []
    assert person.media.dtls.keys is not None
    await person.leave()


@on_loop
async def test_pieces_of_handshakes_without_end_keep_nobody_out(daemon: Daemon, room_id: str) -> None:
    """Pieces were kept without bound, and empty ones looped (CVE-2022-29189, CVE-2022-29190)."""
    person = await enter(daemon, room_id, "a")
    told = {"transportId": person.transport["id"], "dtlsParameters": person.media.dtls.parameters}
    await person.client.request("connectWebRtcTransport", told)
    await person.media.check()
    for piece in list(_fragments(ANYBODY))[:500]:
        person.media._send([piece])
    await person.media.connect()
    await person.leave()


@on_loop
async def test_lengths_that_lie_inside_of_authentic_packets(daemon: Daemon, room_id: str) -> None:
    """Padding longer than its packet ended servers (CVE-2025-49140); so may CSRCs and extensions."""
    sender, receiver = await couple(daemon, room_id)
    await flows(sender, receiver)
    good = packet(b"x" * 20, payload_type=111, ssrc=4242, sequence_number=200)
    for padding in (0, 1, 20, 21, 32, 33, 255):
        lies = [bytes([0xA0]) + good[1:-1] + bytes([padding])]
        lies.append(bytes([0x80 | padding & 15]) + good[1:])
        lies.append(bytes([0x90]) + good[1:12] + b"\xbe\xde" + padding.to_bytes(2, "big") + good[12:])
        lies.append(bytes([0x90]) + good[1:12] + b"\x10\x00\x00\x01\x05" + bytes([padding]) + good[12:])
        for lie in lies:
            with suppress(SrtpError):  # libsrtp does not encrypt some of them for us, nor decrypts them
                sender.media.send_rtp(lie)
    await flows(sender, receiver, first=300)
    for person in (sender, receiver):
        await person.leave()


@pytest.mark.parametrize("role", ["client", "server"])
@on_loop
async def test_a_certificate_other_than_the_one_that_was_told(
    daemon: Daemon, room_id: str, role: str
) -> None:
    """The fingerprint was not compared in one of the roles (GHSA-qwfw-ggxw-577c)."""
    person = await enter(daemon, room_id, "a")
    person.media.dtls = DtlsClient(person.transport, role=role)
    parameters = {
        "role": role,
        "fingerprints": [{"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}],
    }
    told = {"transportId": person.transport["id"], "dtlsParameters": parameters}
    await person.client.request("connectWebRtcTransport", told)

    with pytest.raises((AssertionError, TimeoutError, ConnectionClosed)):
        await joined_all_the_same(person)
    code, reason = await person.client.closed()
    assert (code, reason.partition(":")[0]) == (1012, "DTLS failed"), reason
    person.media.close()


async def joined_all_the_same(person: Person) -> None:
    async with asyncio.timeout(4):
        await person.media.connect()
        await person.client.request("getTransportStats", {"transportId": person.transport["id"]})


@pytest.mark.parametrize(
    "parameters",
    [
        {"role": "client", "fingerprints": []},
        {"role": "client"},
        {"role": "client", "fingerprints": [{"algorithm": "sha-256", "value": "AB"}]},
        {"role": "client", "fingerprints": [{"algorithm": "md5", "value": "AB:CD"}]},
        {"role": "both", "fingerprints": [{"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}]},
    ],
)
@on_loop
async def test_what_is_no_fingerprint_is_an_error_reply(
    daemon: Daemon, room_id: str, parameters: dict[str, Any]
) -> None:
    """An empty list of fingerprints ended workers."""
    person = await enter(daemon, room_id, "a")
    data = {"transportId": person.transport["id"], "dtlsParameters": parameters}
    assert await raises(Refused, person.client.request("connectWebRtcTransport", data))
    await person.connect()
    await person.leave()


@on_loop
async def test_descriptors_of_vp9_without_an_end(daemon: Daemon, room_id: str) -> None:
    """A scalability structure was read beyond its packet (CVE-2026-34235)."""
    sender, receiver = await couple(daemon, room_id)
    data = {"transportId": sender.transport["id"], "kind": "video", "rtpParameters": VP9}
    await sender.client.request("produce", data)
    number = 0
    for first in range(256):
        for rest in (b"", b"\xff", b"\xff" * 3, b"\x02\xff", b"\x80" * 40, bytes(12)):
            payload = bytes([first]) + rest
            sender.media.send_rtp(packet(payload, payload_type=98, ssrc=999, sequence_number=number))
            number += 1
        await asyncio.sleep(0)
    await flows(sender, receiver)
    for person in (sender, receiver):
        await person.leave()


@on_loop
async def test_chunks_of_sctp_that_lie(daemon: Daemon, room_id: str) -> None:
    """Lengths of chunks were believed."""
    sender, receiver = await couple(daemon, room_id)
    for kind in range(256):
        for length in (0, 1, 3, 4, 5, 60_000):
            chunk = sctp_packets.chunk(kind, bytes(8), length=length)
            sender.media.send_data(sctp_packets.packet(kind, chunk))
        await asyncio.sleep(0)
    await flows(sender, receiver)
    for person in (sender, receiver):
        await person.leave()


INSIDE = (
    *("10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::ffff:10.0.0.1"),
    *("::ffff:169.254.169.254", "fd00::1", "64:ff9b::a00:1", "2002:a00:1::1"),
)
"""Addresses of private networks and of clouds, in other spellings too."""


@on_loop
async def test_media_is_not_sent_into_networks_of_the_operator(open_daemon: Daemon, room_id: str) -> None:
    """Relays were led into private networks (CVE-2020-26262, CVE-2026-27624)."""
    host = await enter(open_daemon, room_id, "host")

    def led_astray() -> list[str]:
        with PlainBroadcaster(open_daemon.url, room_id, "b") as broadcaster:
            transport = broadcaster.transport(comedia=False)
            return [ip for ip in INSIDE if takes(broadcaster, transport, ip)]

    assert await asyncio.to_thread(led_astray) == []
    await host.leave()


def takes(broadcaster: PlainBroadcaster, transport: Plain, ip: str) -> bool:
    try:
        broadcaster.connect(transport, ip=ip, port=5000)
    except HttpRefused as refused:
        return refused.status not in (400, 403)
    return True


@on_loop
async def test_the_first_sender_stays_the_one_who_is_sent_to(open_daemon: Daemon, room_id: str) -> None:
    """Media went to whoever sent last ("RTP bleed")."""
    host = await enter(open_daemon, room_id, "host")
    await asyncio.to_thread(bleed, open_daemon.url, room_id)
    await host.leave()


def bleed(url: str, room_id: str) -> None:
    """Send from two addresses; the reports about it all have to come to the first."""
    with (
        PlainBroadcaster(url, room_id, "b") as broadcaster,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as honest,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief,
    ):
        transport = broadcaster.transport()
        broadcaster.produce(transport, OPUS, 77)
        for opened in (honest, thief):
            opened.bind(("127.0.0.1", 0))
            opened.connect((transport.ip, transport.port))
            opened.settimeout(0.3)
        for number in range(5):
            honest.send(packet(b"sound", payload_type=100, ssrc=77, sequence_number=number))
        time.sleep(0.1)
        for number in range(5, 200):
            thief.send(packet(b"noise", payload_type=100, ssrc=77, sequence_number=number))
        reports: list[bytes] = []
        deadline_s = time.monotonic() + 20
        while not reports and time.monotonic() < deadline_s:
            honest.send(packet(b"sound", payload_type=100, ssrc=77, sequence_number=300))
            reports += answers(honest)
        assert reports, "no receiver report came to the first sender"
        assert answers(thief) == []


@on_loop
async def test_a_stranger_gets_no_more_than_it_sent(daemon: Daemon, room_id: str) -> None:
    """Answers to strangers were larger than their requests."""
    person = await enter(daemon, room_id, "a")
    with stranger(person) as attacker:
        sent = 0
        forged = {
            **person.transport,
            "iceParameters": {**person.transport["iceParameters"], "password": "x" * 32},
        }
        for _ in range(100):
            for data in (check_for(forged), check_for(forged)[:20], *list(_hellos(ANYBODY))[:2]):
                sent += attacker.send(data)
        back = sum(map(len, await asyncio.to_thread(answers, attacker)))
    assert back <= sent / 10
    await person.leave()


@pytest.mark.parametrize(
    "path", ["/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/hls/../x"]
)
def test_paths_lead_nowhere_else(daemon: Daemon, path: str) -> None:
    """Names of files and rooms led out of their folder."""
    with socket.create_connection(("127.0.0.1", daemon.port), 10) as opened:
        opened.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: opened.recv(65536), b""))
    assert answer[9:12] in (b"400", b"401", b"404"), answer[:200]
    assert b"root:" not in answer


def test_a_token_with_somebodys_secret_is_refused(daemon: Daemon) -> None:
    """Tokens carried the keys of an operator's storage to every client."""
    room = {"egress": {"s3": {"access_key": "AKIA", "secret": "hidden"}}}
    claims = {"exp": int(time.time()) + 600, "roomId": "r", "roomConfig": room}
    bad = jwt.encode(claims, SECRET, "HS256")
    with socket.create_connection(("127.0.0.1", daemon.port), 10) as opened:
        head = f"GET /?roomId=r&peerId=p&token={bad} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        head += "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: protoo\r\n\r\n"
        opened.sendall(head.encode())
        assert opened.recv(4096)[9:12] == b"401"
    assert "hidden" not in daemon.log


def test_strangers_write_few_lines_into_the_log(daemon: Daemon) -> None:
    """A line for each packet or request filled disks."""
    before = len(daemon.log)
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", daemon.port), 10) as opened:
            opened.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"x" * 5000 + b"\r\n\r\n")
            opened.recv(1000)
    until_sync(
        lambda: daemon.log[before:].count("illegal header line") == 200
    )  # their rate has a limit beside
    assert max(map(len, daemon.log[before:].splitlines())) < 400
    before = len(daemon.log)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        for number in range(2000):
            opened.sendto(bytes([number % 256]) * 100, ("127.0.0.1", daemon.rtc_base_port))
    daemon.get("/health")
    assert daemon.log[before:].splitlines() == [], "datagrams make no lines"
