"""Broadcasters from which nothing comes are removed; those that only receive stay by their reports."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.support.daemon import Daemon
from tests.support.loops import until_sync
from tests.support.mediactl import run_mediactl as mediactl
from tests.support.plain_broadcaster import OPUS, PlainBroadcaster, Refused
from tests.support.programs import (
    LOCAL,
    ffmpeg_publishes,
    needs_ffmpeg,
)

TIMEOUT_S = 3
REPORT = bytes.fromhex("80 c9 00 01 00 00 00 07")
"""A receiver report about nothing, of SSRC 7 (RFC 3550 section 6.4.2)."""


@pytest.fixture(scope="module")
def impatient() -> Iterator[Daemon]:
    with Daemon(workers=1, broadcaster_timeout_s=TIMEOUT_S) as daemon:
        yield daemon


@pytest.fixture
def keeper(impatient: Daemon) -> Iterator[ClientConnection]:
    """A client that keeps the room open."""
    with connect(impatient.ws_url("room", "keeper"), subprotocols=["protoo"]) as keeper:  # type: ignore[list-item]
        keeper.recv()
        yield keeper


@needs_ffmpeg
def test_who_sends_or_reports_stays_and_who_is_silent_goes(
    impatient: Daemon, keeper: ClientConnection
) -> None:
    PlainBroadcaster(impatient.url, "room", "mute").__enter__().transport()
    with (
        PlainBroadcaster(impatient.url, "room", "cam") as cam,
        PlainBroadcaster(impatient.url, "room", "screen") as screen,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind((LOCAL, 0))
        sending, receiving = cam.transport(rtcpMux=False), screen.transport(comedia=False)
        screen.connect(receiving, ip=LOCAL, port=receiver.getsockname()[1])
        with ffmpeg_publishes(audio=sending):
            screen.consume(receiving, cam.produce(sending, OPUS, 1111))
            end = time.monotonic() + 3 * TIMEOUT_S
            while time.monotonic() < end:
                receiver.sendto(REPORT, (receiving.ip, receiving.port))
                assert {"cam", "screen"} <= peers(impatient)
                time.sleep(0.5)
            assert "mute" not in peers(impatient)
    assert f"peer=mute peer left (silent): no packet has come from it for {TIMEOUT_S} s" in impatient.log


def peers(daemon: Daemon) -> set[str]:
    return {line.split()[1] for line in mediactl(daemon.admin_socket, "peers").out.splitlines()[1:] if line}


def test_what_is_wrong_is_refused_and_leaves_no_port_behind(
    impatient: Daemon, keeper: ClientConnection
) -> None:
    with PlainBroadcaster(impatient.url, "room", "cam") as cam:
        plain = cam.transport(comedia=False, enableSrtp=True)
        suite = "AES_CM_128_HMAC_SHA1_80"
        good = {"cryptoSuite": suite, "keyBase64": "A" * 40}
        there = {"ip": LOCAL, "port": 4000}
        for body in (
            {**there, "srtpParameters": {**good, "keyBase64": "A" * 36}},
            {**there, "srtpParameters": {**good, "keyBase64": "%" * 40}},
            {**there, "rtcpPort": 4001, "srtpParameters": good},
            {**there, "port": 65_536, "srtpParameters": good},
            {"ip": "localhost", "port": 4000, "srtpParameters": good},
            {"ip": "169.254.169.254", "port": 80, "srtpParameters": good},
            there,
        ):
            with pytest.raises(Refused) as refused:
                cam.connect(plain, **body)
            assert refused.value.status == 400
        cam.connect(plain, **there, srtpParameters=good)
        with pytest.raises(Refused, match=r"400 .*connect\(\) already called"):
            cam.connect(plain, **there, srtpParameters=good)
    until_sync(
        lambda: impatient.get("/metrics")[1].count('mediad_media_ports{state="used",worker="0"} 0.0') == 1
    )
