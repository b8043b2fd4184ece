"""Calls whose senders and receivers are on two workers, joined by a pipe."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

from mediad._fastpath.door.media_loop import Kind
from mediad.pipe.events import ConsumerScoreChanged, ProducerLayersWanted
from tests.simulation.call import MS, SECOND, Sender
from tests.simulation.capture_clock import CaptureClock
from tests.simulation.piped_call import PipedCall
from tests.simulation.scenes import pair, receiver, sender
from tests.simulation.switching import storm, switching
from tests.support.layered import Codec
from tests.support.link import Link


def loopback(*, enable_rtx: bool = False, loss: float = 0.0, delay_us: int = 100) -> Callable[[], PipedCall]:
    """A pipe between two processes of one host, unless told otherwise."""

    def make() -> PipedCall:
        over, back = (Link(seed, delay_us=delay_us, loss=loss) for seed in (500, 501))
        return PipedCall(over, back, enable_rtx=enable_rtx)

    return make


def received(call: PipedCall, source: Sender) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The camera's encodings, lowest first, as the senders' worker and as the other received them."""
    producer, _ = source.producers["video"]
    here = call.worker.records(Kind.KIND_PRODUCER, producer.handle)
    there = call.viewers_worker.records(Kind.KIND_PRODUCER, call.viewed(producer).handle)
    return list(zip(here, there, strict=True))


# -- layers, key frames ------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["vp8", "h264", "vp9", "vp9_key", "av1", "av1_key"])
def test_layers_are_switched_behind_the_pipe_as_before_it(codec: Codec) -> None:
    scene = switching(codec, switches=40, make=loopback())
    assert scene.missed == []
    assert median(scene.took_us) < 250 * MS
    assert scene.track.receiver.undecoded == 0
    assert scene.track.receiver.keyframes_asked == 0
    assert scene.track.receiver.screen.freezes == []


def test_receivers_behind_a_pipe_cost_the_sender_one_request_a_second() -> None:
    scene = storm(make=loopback())
    assert scene.sender is not None
    for encoding in scene.sender.client.video:
        asked = encoding.asked
        assert len(asked) <= scene.call.now_us / SECOND + 2
        assert all(last - first >= 2 * SECOND for first, last in zip(asked, asked[4:], strict=False))
    assert max(scene.waited_us) < 1_300 * MS


def test_what_nobody_behind_the_pipe_wants_is_not_sent() -> None:
    with loopback()() as call:
        source = sender(call)
        viewer = call.receive(*pair(1))
        track = call.watch(viewer, source, preferred_layers=(0, None))
        call.run(14)  # twice the time that a wish which is gone holds
        assert [encoding.active for encoding in source.client.video] == [True, False, False]
        before = call.pipe_bytes
        call.run(5)
        assert (call.pipe_bytes - before) * 8 / 5 < 1.3 * source.client.video[0].plan.bps
        asked = [len(encoding.asked) for encoding in source.client.video]
        call.run(10)
        assert [len(e.asked) for e in source.client.video] == asked, "nobody asks for what is silent"
        track.consumer.set_preferred_layers(2, None)
        call.run(1)
        assert [encoding.active for encoding in source.client.video] == [True, True, True]
        assert viewer.screen.shown[-1].layers[0] == 2
        wishes = [e for _, e in call.viewers_worker.events if isinstance(e, ProducerLayersWanted)]
        assert (wishes[0].spatial_layer, wishes[-1].spatial_layer) == (0, 2)


# -- losses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rtt_ms", [40, 100])
def test_what_the_sender_repairs_gets_through_the_pipe(rtt_ms: int) -> None:
    """A tenth of all packets comes late, and many behind the next pictures: nothing is lost in the pipe."""
    with loopback()() as call:
        source = sender(call, loss=0.1, rtt_ms=rtt_ms)
        viewer = receiver(call, source, pair(1))
        call.run(20)
        for here, there in received(call, source):
            assert here["packets_repaired"] > 50
            assert there["packets_lost"] <= here["packets_lost"] + 2
            assert there["nack_count"] == 0, "over a pipe without RTX nothing is asked for"
    assert viewer.screen.frozen_share(5 * SECOND, call.now_us) < 0.02


def test_a_score_is_the_worse_of_sender_and_pipe() -> None:
    with loopback()() as call:
        source = sender(call, loss=0.1, rtt_ms=100)
        receiver(call, source, pair(1))
        call.run(20)
        producer, _ = source.producers["video"]
        here, there = producer.scores(), call.viewed(producer).scores()
        assert max(here) < 10
        assert all(min(score - 1, 9) <= behind <= score for score, behind in zip(here, there, strict=True))
        told = [e for _, e in call.viewers_worker.events if isinstance(e, ConsumerScoreChanged)]
        assert min(told[-1].score.producer_scores) < 10


@pytest.mark.parametrize("enable_rtx", [True, False])
def test_losses_in_the_pipe_are_repaired_when_asked_for(enable_rtx: bool) -> None:
    with loopback(enable_rtx=enable_rtx, loss=0.05, delay_us=10_000)() as call:
        source = sender(call)
        viewer = receiver(call, source, pair(1))
        call.run(20)
        frozen = viewer.screen.frozen_share(5 * SECOND, call.now_us)
        for here, there in received(call, source):
            assert here["nack_count"] == 0
            assert (there["nack_count"] > 0) is enable_rtx
            assert (there["packets_repaired"] > 30) is enable_rtx
    assert (frozen < 0.01) is enable_rtx


# -- clocks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_picture_and_voice_keep_one_clock(loss: float) -> None:
    """Sender reports say when each packet was captured, everywhere the same within 1 ms."""
    with loopback()() as call:
        up, down = pair(100, loss=loss)
        source = call.send(up, down, audio=True)
        sent, piped, shown = (CaptureClock() for _ in range(3))
        source.client.tap, call.tap = sent.packet, piped.packet
        viewer = call.receive(*pair(1))
        viewer.client.tap = shown.packet
        track = call.watch(viewer, source)
        call.listen(viewer, source)
        for layer in (2, 0, 1, 2):
            track.consumer.set_preferred_layers(layer, None)
            call.run(4)
    for seen, streams in ((piped, 4), (shown, 2)):
        assert len(seen.streams) == streams
        offsets = [seen.settled[moment] - sent.settled[moment] for moment in seen.settled]
        assert len(offsets) > 500
        assert max(offsets) - min(offsets) < MS
