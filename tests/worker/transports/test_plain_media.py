"""Plain transports with a media thread, and clients on the sockets of this machine."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import struct
from contextlib import suppress
from typing import Any, get_args

import psutil
import pytest

from mediad.config.listen import ListenInfo
from mediad.errors import Full
from mediad.pipe.transport_requests import CryptoSuite
from mediad.protocols.srtp_keys import profile_named
from tests.support.engine import pli, rtcp_blocks, rtp, vp8_payload
from tests.support.loops import on_loop, until
from tests.support.negotiation import chrome_opus, chrome_vp8, video
from tests.support.plain_peer import PlainPeer, Reply
from tests.support.served_worker import Worker, consumer, producer, real_worker

V4 = (ListenInfo("127.0.0.1", ("127.0.0.1",)),)
V6 = (ListenInfo("::1", ("::1",)),)
DUAL = (ListenInfo("::", ("127.0.0.1", "::1")),)
PAIR = (ListenInfo("0.0.0.0", ("127.0.0.1",)), ListenInfo("::", ("::1",)))
FAMILIES = pytest.mark.parametrize(("infos", "host"), [(V4, "127.0.0.1"), (V6, "::1")], ids=["v4", "v6"])
SUITES = get_args(CryptoSuite)


def opus(number: int) -> bytes:
    return rtp(number, 960 * number, b"opus%d" % number, ssrc=1111, payload_type=111)


def sender_report(ssrc: int = 1111) -> bytes:
    return struct.pack("!BBHIQIII", 0x80, 200, 6, ssrc, 1 << 40, 0, 0, 0)


async def created(worker: Worker, transport_id: str, **form: Any) -> Reply:
    return await worker.ask("transport.createPlain", routerId="r", transportId=transport_id, **form)


async def connected(worker: Worker, transport_id: str, host: str, **form: Any) -> PlainPeer:
    """A client whose address the transport is told."""
    peer = PlainPeer(await created(worker, transport_id, **form), host=host)
    data = {"ip": host, "port": peer.port}
    if form.get("rtcpMux") is False:
        data["rtcpPort"] = peer.rtcp_port
    await worker.ask("transport.connectPlain", transportId=transport_id, **data)
    return peer


async def comedia(worker: Worker, transport_id: str, host: str, **form: Any) -> PlainPeer:
    """A client whose address the transport learns."""
    return PlainPeer(await created(worker, transport_id, comedia=True, **form), host=host)


async def speak(worker: Worker) -> None:
    """Let what is sent on "a" be heard on "b"."""
    await worker.ask("producer.create", **producer(chrome_opus(), "audio"))
    await worker.consume(**consumer(chrome_opus(), "audio"))


async def say(ana: PlainPeer, ben: PlainPeer, first: int = 0) -> None:
    """Send twenty packets, which arrive."""
    before = len(ben.packets)
    for number in range(first, first + 20):
        ana.send_rtp(opus(number))
    await until(lambda: len(ben.packets) == before + 20)
    assert [packet[-6:].lstrip(b"s") for packet in ben.packets[-2:]] == [
        b"opus%d" % number for number in (first + 18, first + 19)
    ]


def asks_for_key_frame(reports: list[bytes]) -> bool:
    """True when one of these compound packets has a PLI (RFC 4585 section 6.3.1)."""
    return any(kind == 206 for report in reports for kind, _, _ in rtcp_blocks(report))


async def drops(worker: Worker) -> dict[str, int]:
    return dict((await worker.ask("worker.stats"))["dropped"])


async def stats(worker: Worker, transport_id: str) -> Reply:
    (entry,) = (await worker.ask("transport.stats", transportId=transport_id))["stats"]
    return dict(entry)


def learned(worker: Worker) -> list[str]:
    return [told["transportId"] for told in worker.told("transport.tuple")]


# -- in the clear ------------------------------------------------------------------------------------------


@FAMILIES
@on_loop
async def test_addresses_that_are_told(infos: tuple[ListenInfo, ...], host: str) -> None:
    async with real_worker(listen_infos=infos) as worker:
        ana, ben = await connected(worker, "a", host), await connected(worker, "b", host)
        await speak(worker)
        await say(ana, ben)
        ends = (await stats(worker, "b"))["tuple"]
        assert (ends["localAddress"], ends["remoteIp"], ends["remotePort"]) == (host, host, ben.port)
        ana.close()
        ben.close()


@FAMILIES
@on_loop
async def test_an_address_that_is_learned_once(infos: tuple[ListenInfo, ...], host: str) -> None:
    async with real_worker(listen_infos=infos) as worker:
        form = await created(worker, "a", comedia=True)
        ana, stranger = PlainPeer(form, host=host), PlainPeer(form, host=host)
        ben = await connected(worker, "b", host)
        await speak(worker)
        await say(ana, ben)
        (told,) = worker.told("transport.tuple")
        assert (told["tuple"]["remoteIp"], told["tuple"]["remotePort"]) == (host, ana.port)
        for number in range(100, 110):
            stranger.send_rtp(opus(number))
        await say(ana, ben, first=20)
        assert (await drops(worker))["own_socket_stranger"] == 10
        assert learned(worker) == ["a"]
        for peer in (ana, ben, stranger):
            peer.close()


@pytest.mark.parametrize("infos", [DUAL, PAIR], ids=["::", "0.0.0.0 and ::"])
@on_loop
async def test_both_families_on_one_socket(infos: tuple[ListenInfo, ...]) -> None:
    async with real_worker(listen_infos=infos) as worker:
        form = await created(worker, "a", comedia=True)
        ana = PlainPeer(form, host="::1", target="::1")
        ben = PlainPeer(await created(worker, "b"), host="127.0.0.1")
        await worker.ask("transport.connectPlain", transportId="b", ip="127.0.0.1", port=ben.port)
        await speak(worker)
        await say(ana, ben)
        assert worker.told("transport.tuple")[0]["tuple"]["remoteIp"] == "::1"
        assert (await stats(worker, "a"))["tuple"]["localAddress"] == "::1"
        assert (await stats(worker, "b"))["tuple"]["localAddress"] == "127.0.0.1"
        ana.close()
        ben.close()


@FAMILIES
@on_loop
async def test_rtcp_on_a_port_of_its_own(infos: tuple[ListenInfo, ...], host: str) -> None:
    async with real_worker(listen_infos=infos) as worker:
        ana = await comedia(worker, "a", host, rtcpMux=False)
        ben = await connected(worker, "b", host, rtcpMux=False)
        await speak(worker)
        ana.send_rtcp(sender_report())
        await until(lambda: learned(worker) == ["a"])
        (told,) = worker.told("transport.tuple")
        assert "remotePort" not in told["tuple"]
        assert told["rtcpTuple"]["remotePort"] == ana.rtcp_port
        await say(ana, ben)
        assert worker.told("transport.tuple")[1]["tuple"]["remotePort"] == ana.port
        await until(lambda: bool(ana.reports), 5)
        assert await stats(worker, "a") != {}
        assert all(192 <= report[1] <= 223 for report in ana.reports)
        ana.close()
        ben.close()


@on_loop
async def test_packets_on_the_wrong_port() -> None:
    async with real_worker() as worker:
        ana = await connected(worker, "a", "127.0.0.1", rtcpMux=False)
        ben = await connected(worker, "b", "127.0.0.1", rtcpMux=False)
        await speak(worker)
        await say(ana, ben)
        ana.send_raw(sender_report())
        await until_dropped(worker, "own_socket_wrong_port")
        ana.close()
        ben.close()


async def until_dropped(worker: Worker, reason: str, count: int = 1) -> None:
    for _ in range(100):
        if (await drops(worker)).get(reason, 0) >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{reason}: {await drops(worker)}")


@on_loop
async def test_nothing_is_learned_in_the_clear_from_where_nobody_is_trusted() -> None:
    async with real_worker(plain_source_allow=("10.0.0.0/8",)) as worker:
        ana = await comedia(worker, "a", "127.0.0.1")
        ana.send_rtp(opus(0))
        await until_dropped(worker, "own_socket_not_allowed")
        settings = worker.server.objects.settings
        await worker.ask(
            "worker.configure",
            announcedIp=None,
            maxIncomingBitrateBps=0,
            initialOutgoingBitrateBps=settings.initial_outgoing_bitrate_bps,
            iceConsentTimeoutS=20,
            logLevel="info",
            plainSourceAllow=["127.0.0.0/8"],
        )
        ana.send_rtp(opus(1))
        await until(lambda: learned(worker) == ["a"])
        ana.close()


@on_loop
async def test_what_is_no_media_is_counted() -> None:
    async with real_worker() as worker:
        ana, ben = await connected(worker, "a", "127.0.0.1"), await connected(worker, "b", "127.0.0.1")
        await speak(worker)
        await say(ana, ben)
        ana.send_raw(b"\x80\x6f" + bytes(8998))  # of 9 000 bytes
        await until_dropped(worker, "truncated")
        ana.send_rtp(rtp(0, 0, b"?", ssrc=4242, payload_type=111))
        await until_dropped(worker, "ssrc_unknown")
        ana.send_rtp(rtp(900, 0, b"?", ssrc=1111, payload_type=77))
        ana.send_raw(b"\x00\x01hello")
        await until_dropped(worker, "own_socket_protocol")
        await say(ana, ben, first=20)
        ana.close()
        ben.close()


@on_loop
async def test_a_sender_alone_is_asked_for_key_frames_and_hears_reports() -> None:
    async with real_worker() as worker:
        cam = video("video/VP8", codecs=chrome_vp8()["codecs"])
        ana = await comedia(worker, "a", "127.0.0.1")
        ben = await connected(worker, "b", "127.0.0.1")
        await worker.ask("producer.create", **producer(cam))
        await worker.consume(**consumer(cam))
        for number in range(5):
            ana.send_rtp(rtp(number, 3000 * number, vp8_payload(number), ssrc=2222))
        await until(lambda: asks_for_key_frame(ana.reports), 3)
        for number in range(5, 15):
            ana.send_rtp(rtp(number, 3000 * number, vp8_payload(number, keyframe=number == 5), ssrc=2222))
        await until(lambda: len(ben.packets) == 10)
        before = len(ana.reports)
        ben.send_rtcp(pli(int.from_bytes(ben.packets[0][8:12], "big")))
        await until(lambda: asks_for_key_frame(ana.reports[before:]), 3)
        ana.close()
        ben.close()


@on_loop
async def test_the_best_of_three_encodings_comes_at_once_whatever_it_costs() -> None:
    # no estimate begins at 600 kbit/s here, and nothing is probed for
    async with real_worker() as worker:
        cam = chrome_vp8(
            encodings=[{"ssrc": 2221 + place, "rtx": {"ssrc": 3221 + place}} for place in range(3)]
        )
        ana, ben = await connected(worker, "a", "127.0.0.1"), await connected(worker, "b", "127.0.0.1")
        await worker.ask("producer.create", **producer(cam))
        await worker.consume(**consumer(cam))
        began = asyncio.get_running_loop().time()
        for number in range(150):  # 4 Mbit/s of the best in half a second
            for place, size in enumerate((100, 400, 1100)):
                payload = vp8_payload(number, keyframe=number == 0, body=bytes([place]) * size)
                ana.send_rtp(rtp(number, 300 * number, payload, ssrc=2221 + place))
            await asyncio.sleep(0.003)
        await until(lambda: len(ben.packets) >= 140)
        sent_s = asyncio.get_running_loop().time() - began
        best = [packet for packet in ben.packets if packet.endswith(bytes([2]) * 1100)]
        assert len(best) >= 0.9 * 150, f"{len(best)} of the best in {sent_s:.1f} s"
        entry = await stats(worker, "b")
        assert entry["probationBytesSent"] == 0
        assert worker.told("transport.bandwidth") == []
        ana.close()
        ben.close()


# -- encrypted ---------------------------------------------------------------------------------------------


async def encrypted(worker: Worker, transport_id: str, ours: str, theirs: str, **form: Any) -> PlainPeer:
    """A client with a key of the suite `theirs`, of a transport that was made with the suite `ours`."""
    made = await created(worker, transport_id, srtpCryptoSuite=ours, **form)
    peer = PlainPeer(made)
    key = secrets.token_bytes(profile_named(theirs).master_length)
    data: Reply = {} if form.get("comedia") else {"ip": "127.0.0.1", "port": peer.port}
    if form.get("rtcpMux") is False and data:
        data["rtcpPort"] = peer.rtcp_port
    wanted = peer.encrypt(made["srtpParameters"], theirs, key)
    answer = await worker.ask(
        "transport.connectPlain", transportId=transport_id, **data, srtpParameters=wanted
    )
    assert answer["srtpParameters"]["cryptoSuite"] == theirs
    assert (answer["srtpParameters"] == made["srtpParameters"]) is (ours == theirs)
    peer.encrypt(answer["srtpParameters"], theirs, key)
    return peer


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("mux", [True, False], ids=["mux", "apart"])
@pytest.mark.parametrize("learns", [True, False], ids=["learned", "told"])
@on_loop
async def test_every_suite(suite: str, mux: bool, learns: bool) -> None:
    form = {"rtcpMux": mux, "comedia": learns}
    async with real_worker(plain_source_allow=()) as worker:
        ana = await encrypted(worker, "a", "AES_CM_128_HMAC_SHA1_80", suite, **form)
        ben = await encrypted(worker, "b", suite, suite, **{**form, "comedia": False})
        await speak(worker)
        await say(ana, ben)
        ana.send_rtcp(sender_report())
        await until(lambda: bool(ana.reports and ben.reports), 6)
        assert (ana.garbled, ben.garbled) == (0, 0)
        assert learned(worker)[:1] == (["a"] if learns else [])
        ana.close()
        ben.close()


@on_loop
async def test_only_an_authentic_packet_tells_an_address() -> None:
    async with real_worker() as worker:
        ana = await encrypted(worker, "a", SUITES[0], SUITES[0], comedia=True)
        ben = await connected(worker, "b", "127.0.0.1")
        await speak(worker)
        for data in (opus(0), sender_report(), secrets.token_bytes(80)):
            ana.send_raw(data)
        ana.send_raw(b"\x80\x6f" + secrets.token_bytes(98))
        await until_dropped(worker, "srtp_auth")
        assert learned(worker) == []
        await say(ana, ben)
        assert learned(worker) == ["a"]
        for number in range(500, 505):
            ana.send_raw(opus(number))  # in the clear
        await say(ana, ben, first=20)
        assert (await drops(worker))["srtp_auth"] >= 6
        ana.close()
        ben.close()


# -- ports -------------------------------------------------------------------------------------------------


@on_loop
async def test_a_full_range_is_refused_and_counted() -> None:
    async with real_worker() as worker:
        used = 0
        with suppress(Full):
            for used in range(200):
                await created(worker, str(used))
        refusal = await worker.refused(Full, "transport.createPlain", routerId="r", transportId="one more")
        assert refusal.startswith("this worker has no media port for another transport: ")
        report = await worker.ask("worker.stats")
        assert report["portRefusals"] == 2
        assert report["ports"]["used"] == used >= 50
        await worker.ask("transport.create", routerId="r", transportId="webrtc")
        await worker.ask("transport.close", transportId="7")
        await worker.ask("worker.ping")
        await created(worker, "again")


@on_loop
async def test_five_hundred_cycles_leave_everything_as_it_was() -> None:
    """A warm worker opens and closes transports in use, and has what it had before."""
    async with real_worker() as worker:
        keys = {"cryptoSuite": SUITES[0], "keyBase64": "QUJD" * 14 + "QUI="}

        async def cycle(number: int) -> None:
            form = {"rtcpMux": number % 2 == 0, "comedia": number % 3 == 0}
            if number % 5 == 0:
                form |= {"srtpCryptoSuite": SUITES[0]}
            made = await created(worker, "a", **form)
            if "srtpCryptoSuite" in form:
                data = {"ip": "127.0.0.1", "port": 9, "srtpParameters": keys}
                data |= {} if form["rtcpMux"] else {"rtcpPort": 9}
                await worker.ask("transport.connectPlain", transportId="a", **data)
            else:
                peer = PlainPeer(made)
                peer.send_rtp(opus(0))
                peer.close()
            await worker.ask("producer.create", **producer(chrome_opus(), "audio"))
            await worker.ask("transport.close", transportId="a")
            if number % 20 == 19:  # as many as there are ports may wait for the media thread
                await worker.ask("worker.ping")

        for number in range(100):
            await cycle(number)
        gc.collect()
        process = psutil.Process()
        before, memory = len(os.listdir("/proc/self/fd")), process.memory_info().rss
        for number in range(500):
            await cycle(number)
        await worker.ask("worker.ping")
        gc.collect()
        report = await worker.ask("worker.stats")
        assert (report["ports"]["used"], report["transports"], report["producers"]) == (0, 0, 0)
        assert len(os.listdir("/proc/self/fd")) == before
        assert process.memory_info().rss - memory < 3_000_000
