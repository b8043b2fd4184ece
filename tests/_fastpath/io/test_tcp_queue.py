"""Packets that wait for a TCP peer that does not read: their order, their bounds, and no torn frames."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.framed_socket import framed
from tests.windows.tcp import (
    CONTROL_BYTES,
    DATA_BYTES,
    MEDIA_BYTES,
    MEDIA_WAIT_US,
    MOST_SLOTS,
    Queue,
    Store,
)

ALL = 1 << 30


def media(number: int, size: int = 1000) -> bytes:
    return b"\x80\x60" + number.to_bytes(4, "big") + bytes(size - 6)


def rtcp(number: int, size: int = 100) -> bytes:
    return b"\x81\xc9" + number.to_bytes(4, "big") + bytes(size - 6)


def stun(number: int) -> bytes:
    return b"\x01\x01" + number.to_bytes(4, "big") + bytes(94)


def dtls(number: int, content_type: int = 22, size: int = 500) -> bytes:
    return bytes([content_type, 0xFE, 0xFD]) + number.to_bytes(4, "big") + bytes(size - 7)


def data(number: int) -> bytes:
    return dtls(number, content_type=23)


def stream(*packets: bytes) -> bytes:
    return b"".join(map(framed, packets))


def test_control_goes_first_then_data_and_media_as_they_came() -> None:
    queue = Queue(Store())
    for packet in (media(1), data(1), stun(1), media(2), rtcp(1), data(2), dtls(1), media(3)):
        assert queue.put(packet)
    queue.send(ALL)
    assert queue.sent == stream(stun(1), rtcp(1), dtls(1), media(1), data(1), media(2), data(2), media(3))
    assert queue.empty


def test_a_packet_sent_in_part_goes_on_before_all_else() -> None:
    queue = Queue(Store())
    queue.put(media(1))
    queue.send(500)
    queue.put(stun(1))
    queue.put(media(2))
    queue.send(1)
    queue.send(ALL)
    assert queue.sent == stream(media(1), stun(1), media(2))


def test_the_rest_of_a_packet_that_left_in_part_is_kept_for_the_next() -> None:
    queue = Queue(Store())
    queue.put(media(1), done=1)
    queue.put(media(2))
    queue.send(ALL)
    assert queue.sent == stream(media(1), media(2))[1:]


def test_the_oldest_media_is_dropped_at_the_bound_and_nothing_else() -> None:
    store = Store()
    queue = Queue(store)
    queue.put(stun(1))
    queue.put(data(1))
    count = MEDIA_BYTES // 1000 + 20
    for number in range(count):
        queue.put(media(number))
        assert queue.waiting_bytes <= MEDIA_BYTES + len(stun(1)) + len(data(1))
    kept = MEDIA_BYTES // 1000
    assert store.dropped == {"tcp_media_full": count - kept}
    while not queue.empty:
        queue.send(ALL)
    assert queue.sent == stream(stun(1), data(1), *map(media, range(count - kept, count)))


def test_media_that_waited_too_long_is_dropped() -> None:
    store = Store()
    queue = Queue(store)
    queue.put(media(1), 0)
    queue.put(stun(1), 0)
    queue.put(media(2), MEDIA_WAIT_US)
    queue.send(ALL, MEDIA_WAIT_US + 1)
    assert queue.sent == stream(stun(1), media(2))
    assert store.dropped == {"tcp_media_late": 1}


def test_what_left_in_part_is_not_dropped_however_long_it_waits() -> None:
    queue = Queue(Store())
    queue.put(media(1), 0)
    queue.send(10, 0)
    queue.put(media(2), 100 * MEDIA_WAIT_US)
    queue.send(ALL, 100 * MEDIA_WAIT_US)
    assert queue.sent == stream(media(1), media(2))


def test_of_control_and_data_the_new_ones_are_dropped_at_their_bounds() -> None:
    store = Store()
    queue = Queue(store)
    controls, datas = CONTROL_BYTES // 500, DATA_BYTES // 500
    for number in range(controls + 3):
        queue.put(dtls(number))
    for number in range(datas + 2):
        queue.put(data(number))
    assert store.dropped == {"tcp_control_full": 3, "tcp_data_full": 2}
    while not queue.empty:
        queue.send(ALL)
    assert queue.sent == stream(*map(dtls, range(controls)), *map(data, range(datas)))


def test_small_packets_do_not_take_more_slots_than_large_ones() -> None:
    store = Store()
    queue = Queue(store)
    for number in range(MOST_SLOTS + 10):
        queue.put(media(number, 50))
    assert queue.held == MOST_SLOTS
    assert store.dropped == {"tcp_over_share": 10}


def test_stuck_peers_leave_a_share_for_the_others() -> None:
    store = Store(slots=100)
    stuck = [Queue(store) for _ in range(4)]
    for number in range(200):
        for queue in stuck:
            queue.put(media(number))
    assert {queue.held for queue in stuck} == {20}
    healthy = Queue(store)
    for number in range(9):
        healthy.put(media(number))
    healthy.put(stun(1))
    healthy.send(ALL)
    assert healthy.sent == stream(stun(1), *map(media, range(9)))


def test_control_takes_the_place_of_its_own_media() -> None:
    store = Store(slots=8)
    queue = Queue(store)
    for number in range(8):
        queue.put(media(number))
    assert queue.held == 4
    queue.put(stun(1))
    queue.send(ALL)
    assert queue.sent.startswith(stream(stun(1)))
    assert queue.sent.endswith(stream(media(7)))


def test_without_any_room_the_rest_of_a_packet_says_so() -> None:
    store = Store(slots=1)
    queue, other = Queue(store), Queue(store)
    assert queue.put(media(1))
    assert other.put(media(2))
    assert other.empty
    assert not other.put(media(2), done=1)
    assert store.dropped == {"tcp_over_share": 2}


def test_clearing_gives_everything_back_and_counts_it() -> None:
    store = Store(slots=64)
    queue = Queue(store)
    for packet in (media(1), data(1), stun(1), media(2)):
        queue.put(packet)
    queue.send(50)
    queue.clear()
    assert store.dropped == {"tcp_gone": 4}
    assert queue.empty
    assert queue.waiting_bytes == 0
    assert store.free == 64


PACKETS = st.sampled_from([media, rtcp, stun, dtls, data])
STEPS = st.lists(
    st.tuples(st.just("put"), PACKETS) | st.tuples(st.just("send"), st.integers(0, 5000)), max_size=80
)


@settings(deadline=None)
@given(STEPS, st.integers(1, 40))
def test_frames_are_never_torn(steps: list[tuple[str, object]], slots: int) -> None:
    store = Store(slots)
    queue, given, now_us = Queue(store), 0, 0
    for action, value in steps:
        now_us += 40_000
        if action == "put":
            given += 1
            assert callable(value)
            queue.put(value(given), now_us)
        else:
            assert isinstance(value, int)
            queue.send(value, now_us, limit=1 + value % 7)
    while not queue.empty:
        queue.send(ALL, now_us)
    assert store.free == slots
    left, came = queue.sent, 0
    while left:
        size = int.from_bytes(left[:2], "big")
        assert len(left) >= 2 + size
        assert left[2 : 2 + size] in {
            maker(n) for maker in (media, rtcp, stun, dtls, data) for n in range(given + 1)
        }
        left, came = left[2 + size :], came + 1
    assert came + sum(store.dropped.values()) == given
