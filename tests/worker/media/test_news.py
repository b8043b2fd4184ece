from __future__ import annotations

from typing import get_args
from unittest.mock import Mock, call

import pytest

from mediad._fastpath.door.events import (
    AddressLearned,
    BandwidthEstimated,
    BitratesMeasured,
    Closed,
    CommandRefused,
    ConsumerScore,
    DtlsReceived,
    Event,
    LayersChanged,
    LevelMeasured,
    PathLost,
    PathReported,
    SctpReceived,
    StatsAnswered,
    StreamChanged,
    StunReceived,
)
from mediad.sockets import bind_udp
from mediad.worker.media.backlog import RETRY_US
from mediad.worker.media.handles import INDEX_BITS
from mediad.worker.media.plane import Codec, Kind
from tests.support.fake_clock import FakeClock
from tests.support.loops import on_loop, until
from tests.support.plane_objects import PATH, open_consumer, open_producer, open_transport
from tests.support.recording_loop import recorded_plane


def test_every_event_has_its_handler() -> None:
    plane, _ = recorded_plane()
    assert set(plane._news._handlers) == set(get_args(Event))


@on_loop
async def test_news_reaches_the_object_it_is_about() -> None:
    plane, loop = recorded_plane()
    observers = [Mock() for _ in range(2)]
    transports = [open_transport(plane, observer) for observer in observers]
    producing, consuming = Mock(), Mock()
    producer = open_producer(plane, transports[0], producing)
    consumer = open_consumer(plane, transports[0], producer, consuming)
    plane.start()
    try:
        loop.tell(
            StunReceived(transports[0], 3, "198.51.100.7", 5004, "", b"stun", 0),
            DtlsReceived(transports[1], 3, "198.51.100.7", 5004, "", b"dtls"),
            SctpReceived(transports[1], 3, "198.51.100.7", 5004, "", b"sctp"),
            AddressLearned(transports[1], 3, "198.51.100.7", 5004, "", True),
            PathReported(transports[1], 3, "198.51.100.7", 5004, "", 7, 0, False),
            PathReported(transports[1], 3, "198.51.100.7", 5004, "", 7, 9, True),
            PathLost(transports[1], 3, "198.51.100.7", 5004, ""),
            BandwidthEstimated(transports[1], 900_000, 800_000, 4000),
            StreamChanged(producer, 2, 1111, 9, True),
            LevelMeasured(producer, 15, -600, b"\x57"),
            BitratesMeasured(producer, 2, [7] * 16),
            ConsumerScore(consumer, 8),
            LayersChanged(consumer, 1, 255, 0),
        )
        await until(lambda: consuming.layers_changed.called)
    finally:
        plane.stop()
    assert observers[0].mock_calls == [call.stun_received(PATH, b"stun", 0)]
    assert observers[1].mock_calls == [
        call.dtls_received(PATH, b"dtls"),
        call.sctp_received(PATH, b"sctp"),
        call.address_learned(PATH, True),
        call.path_proven(PATH),
        call.path_reported(PATH, 7, 9),
        call.path_lost(PATH),
        call.bandwidth_estimated(900_000, 800_000, 4000),
    ]
    assert producing.mock_calls == [
        call.stream_changed(2, 1111, 9, True),
        call.level_measured(15, -600, b"\x57"),
        call.bitrates_measured(2, [7] * 16),
    ]
    assert consuming.mock_calls == [call.score_changed(8), call.layers_changed(1, 255, 0)]


@on_loop
async def test_what_the_media_thread_refused_is_told_to_the_transport_it_was_for() -> None:
    plane, loop = recorded_plane()
    observer = Mock()
    transport = open_transport(plane, observer)
    producer = open_producer(plane, transport)
    consumer = open_consumer(plane, transport, producer)
    gone = open_consumer(plane, transport, producer)
    plane.close_consumer(gone)
    plane.start()
    try:
        loop.tell(
            CommandRefused(Kind.KIND_CONSUMER, gone, "set_target", "stale"),
            CommandRefused(Kind.KIND_TRANSPORT, transport, "add_username", "full"),
            CommandRefused(Kind.KIND_PRODUCER, producer, "open_producer", "taken"),
            CommandRefused(Kind.KIND_CONSUMER, consumer, "open_consumer", "no memory"),
        )
        await until(lambda: len(observer.mock_calls) == 3)
    finally:
        plane.stop()
    assert observer.mock_calls == [
        call.refused("the media thread could not add username: full"),
        call.refused("the media thread could not open producer: taken"),
        call.refused("the media thread could not open consumer: no memory"),
    ]


def test_what_waited_to_be_opened_and_was_wrong_is_told() -> None:
    clock = FakeClock()
    plane, loop = recorded_plane(clock)
    observer = Mock()
    transport = open_transport(plane, observer)
    loop.full = True
    plane.pause_producer(transport, True)
    producer = open_producer(plane, transport, codecs=[(96, 97, 101, Codec.CODEC_VP8, 7)])
    loop.full = False
    clock.pass_s(RETRY_US / 1e6)
    assert observer.refused.call_args.args == (
        "the media thread could not open producer: clock rate is 7, expected 1000..192000",
    )
    plane.close_producer(producer)
    assert open_producer(plane, transport) != producer, "its slot is free again"


@on_loop
async def test_a_socket_the_media_thread_cannot_watch_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    plane, loop = recorded_plane()
    plane.start()
    try:
        number = plane.add_socket(bind_udp("127.0.0.1", 0, 65_536))
        loop.tell(CommandRefused(Kind.KIND_SOCKET, number, "open_socket", "no memory"))
        await until(lambda: not plane.alive)
    finally:
        plane.stop()
    assert "the media thread could not open socket: no memory; this worker forwards nothing" in caplog.text


@on_loop
async def test_news_about_what_is_gone_is_dropped() -> None:
    plane, loop = recorded_plane()
    observer = Mock()
    transport = open_transport(plane, observer)
    producer = open_producer(plane, transport, observer)
    consumer = open_consumer(plane, transport, producer, observer)
    plane.close_consumer(consumer)
    plane.close_producer(producer)
    plane.close_transport(transport)
    plane.start()
    try:
        loop.tell(
            StunReceived(transport, 3, "198.51.100.7", 5004, "", b"", 0),
            DtlsReceived(transport, 3, "198.51.100.7", 5004, "", b""),
            StreamChanged(producer, 0, 1111, 9, True),
            LevelMeasured(producer, 15, -600, b"\x57"),
            BitratesMeasured(producer, 0, [7] * 16),
            ConsumerScore(consumer, 8),
            LayersChanged(consumer, -1, 255, 255),
            BandwidthEstimated(transport, 900_000, 800_000, 4000),
            StatsAnswered(99, []),
            Closed(Kind.KIND_SOCKET, 0),
            Closed(Kind.KIND_TRANSPORT, transport),
        )
        await until(lambda: open_transport(plane) & ((1 << INDEX_BITS) - 1) == 0)
    finally:
        plane.stop()
    assert observer.mock_calls == []


@on_loop
async def test_an_object_that_fails_does_not_swallow_the_news_of_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plane, loop = recorded_plane()
    broken, well = Mock(), Mock()
    broken.stun_received.side_effect = RuntimeError("a bug")
    transports = [open_transport(plane, observer) for observer in (broken, well)]
    plane.start()
    try:
        loop.tell(*(StunReceived(transport, 3, "198.51.100.7", 5004, "", b"", 0) for transport in transports))
        await until(lambda: well.stun_received.called)
    finally:
        plane.stop()
    assert "a bug" in caplog.text
    assert "StunReceived was not handled and is lost" in caplog.text
