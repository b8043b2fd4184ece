"""Associations with aiortc's SCTP as the peer, in fake time: channels, loss, reliability, resets, endings."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.support.aiortc_sctp import AiortcPair, fake_loop
from tests.support.sctp import MAX_MESSAGE_BYTES, Filter, sctp_stack


@pytest.fixture
def pair() -> Iterator[AiortcPair]:
    with sctp_stack() as stack, fake_loop() as loop:
        yield AiortcPair(stack, loop)


def lose(share: float, seed: int) -> Filter:
    chance = random.Random(seed)
    return lambda packet: [] if chance.random() < share else [packet]


def test_the_peer_begins(pair: AiortcPair) -> None:
    pair.start_theirs()
    pair.run(1_000_000)
    assert pair.ours.states == []
    pair.ours.association.connect(pair.now_us)
    pair.run(5_000_000)
    assert pair.ours.states == ["connecting", "connected"]
    assert pair.theirs.state == "connected"


def test_the_association_begins(pair: AiortcPair) -> None:
    pair.their_filter = lambda packet: []
    pair.start_theirs()
    pair.run(100_000)
    pair.their_filter = lambda packet: [packet]
    pair.ours.association.connect(pair.now_us)
    pair.run(1_000_000)
    assert pair.ours.states == ["connecting", "connected"]
    assert pair.theirs.state == "connected"


def test_both_begin_at_once(pair: AiortcPair) -> None:
    pair.connect()


@pytest.mark.parametrize("seed", range(5))
def test_both_connect_through_loss(pair: AiortcPair, seed: int) -> None:
    pair.ours.arrives, pair.their_filter = lose(0.3, seed), lose(0.3, seed + 100)
    pair.ours.association.connect(pair.now_us)
    pair.start_theirs()
    pair.run(60_000_000)
    assert pair.ours.states == ["connecting", "connected"]
    assert pair.theirs.state == "connected"


@pytest.mark.parametrize("ordered", [True, False])
def test_text_and_binary_cross_both_ways(pair: AiortcPair, ordered: bool) -> None:
    pair.connect()
    channel = pair.open_channel(0, ordered=ordered)
    messages: list[str | bytes] = ["", "text", "u" * 10_000, b"", b"binary", bytes(200_000)]
    for message in messages:
        channel.send(message)
        pair.run(1_000_000)
    assert [(ppid, len(data)) for _, ppid, data in pair.ours.messages] == [
        *((56, 1), (51, 4), (51, 10_000)),
        *((57, 1), (53, 6), (53, 200_000)),
    ]
    for _, ppid, data in pair.ours.messages:
        assert pair.ours.send(data, pair.now_us, 0, ppid=ppid, ordered=ordered)
        pair.run(1_000_000)
    assert pair.messages == [(0, message) for message in messages]


@pytest.mark.parametrize("seed", range(3))
def test_the_longest_messages_survive_loss(pair: AiortcPair, seed: int) -> None:
    pair.connect()
    pair.ours.arrives, pair.their_filter = lose(0.05, seed), lose(0.05, seed + 100)
    message = random.Random(seed).randbytes(MAX_MESSAGE_BYTES)
    pair.open_channel(2).send(message)
    assert pair.ours.send(message, pair.now_us, 2)
    pair.run(60_000_000)
    assert pair.ours.messages == [(2, 53, message)]
    assert pair.messages == [(2, message)]
    assert pair.ours.association.buffered_bytes == 0


@pytest.mark.parametrize("mode", [{"retransmits": 0}, {"life_time_ms": 100}])
@pytest.mark.parametrize("ordered", [True, False])
def test_what_is_lost_is_given_up_where_that_is_allowed(
    pair: AiortcPair, mode: dict[str, int], ordered: bool
) -> None:
    pair.connect()
    pair.open_channel(2)
    pair.ours.arrives = lose(0.2, seed=1)
    for number in range(100):
        assert pair.ours.send(b"%d" % number * 500, pair.now_us, 2, ordered=ordered, **mode)
        pair.run(20_000)
    pair.ours.arrives = lambda packet: [packet]
    pair.run(10_000_000)
    assert 60 <= len(pair.messages) < 100
    assert pair.ours.association.buffered_bytes == 0
    assert pair.ours.send(b"last", pair.now_us, 2)
    pair.run(1_000_000)
    assert pair.messages[-1] == (2, b"last")


def test_a_reliable_channel_loses_nothing_and_keeps_order(pair: AiortcPair) -> None:
    pair.connect()
    pair.open_channel(2)
    pair.ours.arrives, pair.their_filter = lose(0.2, seed=1), lose(0.2, seed=2)
    for number in range(100):
        assert pair.ours.send(b"%d" % number, pair.now_us, 2)
        pair.run(20_000)
    pair.run(30_000_000)
    assert pair.messages == [(2, b"%d" % number) for number in range(100)]


@pytest.mark.parametrize("mode", [{"maxRetransmits": 0}, {"maxPacketLifeTime": 100}])
def test_the_peer_gives_up_messages(pair: AiortcPair, mode: dict[str, int]) -> None:
    pair.connect()
    channel = pair.open_channel(2, **mode)
    pair.their_filter = lose(0.2, seed=1)
    for number in range(100):
        channel.send(b"%d" % number * 500)
        pair.run(20_000)
    pair.their_filter = lambda packet: [packet]
    pair.run(10_000_000)
    assert 60 <= len(pair.ours.messages) < 100
    channel.send(b"last")
    pair.run(1_000_000)
    assert pair.ours.messages[-1] == (2, 53, b"last")


def test_the_peer_closes_a_channel(pair: AiortcPair) -> None:
    pair.connect()
    channel = pair.open_channel(4)
    channel.send(b"last words")
    channel.close()
    pair.run(1_000_000)
    assert pair.ours.messages == [(4, 53, b"last words")]
    assert pair.ours.resets == [4]
    assert channel.readyState == "closing"
    pair.ours.association.reset_streams([4], pair.now_us)
    pair.run(1_000_000)
    assert channel.readyState == "closed"


def test_the_association_closes_channels(pair: AiortcPair) -> None:
    pair.connect()
    channels = [pair.open_channel(stream_id) for stream_id in range(3)]
    assert pair.ours.send(b"last words", pair.now_us, 1)
    pair.ours.association.reset_streams([0, 1], pair.now_us)
    pair.ours.association.reset_streams([2], pair.now_us)
    pair.run(3_000_000)
    assert pair.messages == [(1, b"last words")]
    assert [channel.readyState for channel in channels] == ["closed"] * 3
    assert sorted(pair.ours.resets) == [0, 1, 2]


def test_a_closed_stream_carries_a_new_channel(pair: AiortcPair) -> None:
    pair.connect()
    for turn in range(5):
        channel = pair.open_channel(6)
        channel.send(b"%d" % turn)
        assert pair.ours.send(b"%d" % turn, pair.now_us, 6)
        pair.run(500_000)
        pair.ours.association.reset_streams([6], pair.now_us)
        pair.run(2_000_000)
        assert channel.readyState == "closed"
    assert [data for _, _, data in pair.ours.messages] == [data for _, data in pair.messages]


def test_the_peer_stops(pair: AiortcPair) -> None:
    pair.connect()
    pair.stop_theirs()
    pair.run(1_000_000)
    assert pair.ours.states[-1] == "closed"


def test_the_association_is_closed(pair: AiortcPair) -> None:
    pair.connect()
    channel = pair.open_channel(0)
    pair.ours.association.close()
    pair.run(1_000_000)
    assert pair.theirs.state == "closed"
    assert channel.readyState == "closed"
