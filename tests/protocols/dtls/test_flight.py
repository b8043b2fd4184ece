from __future__ import annotations

from collections import Counter

from mediad.protocols.dtls.flight import MTU_BYTES, FlightSender
from mediad.protocols.dtls.records import HANDSHAKE, split_records
from tests.support.dtls import record

CLEAR, OTHER, SEALED = record(HANDSHAKE, 0, b"a" * 30), record(HANDSHAKE, 0, b"b"), record(HANDSHAKE, 1, b"c")


def numbers(datagrams: list[bytes]) -> list[int]:
    records = [item for datagram in datagrams for item in split_records(datagram)]
    return [int.from_bytes(item.data[5:11], "big") for item in records]


def test_clear_records_count_up_and_sealed_ones_stay_as_they_are() -> None:
    sender = FlightSender(Counter())
    sender.begin([CLEAR, OTHER, SEALED], 0)
    sender.repeat([], 100_000)
    first, second = sender.take()
    assert numbers([first, second]) == [0, 1, 0, 2, 3, 0]
    assert [item.payload for item in split_records(second)] == [b"a" * 30, b"b", b"c"]
    assert sender.take() == []


def test_a_fresh_flight_replaces_the_copy() -> None:
    sender = FlightSender(Counter())
    sender.begin([CLEAR], 0)
    sender.repeat([OTHER], 100_000)
    sender.repeat([], 300_000)
    assert [split_records(datagram)[0].payload for datagram in sender.take()] == [b"a" * 30, b"b", b"b"]


def test_distance_doubles_up_to_two_seconds_and_begins_again_with_the_next_flight() -> None:
    sender = FlightSender(Counter())
    sender.begin([CLEAR], 0)
    distances = []
    for _ in range(8):
        due = sender.repeat_at_us
        assert due is not None
        sender.repeat([], due)
        assert sender.repeat_at_us is not None
        distances.append((sender.repeat_at_us - due) // 1000)
    assert distances == [200, 400, 800, 1600, 2000, 2000, 2000, 2000]
    sender.begin([OTHER], 50_000_000)
    assert sender.repeat_at_us == 50_100_000


def test_the_last_flight_goes_only_when_told_to() -> None:
    sender = FlightSender(Counter())
    sender.begin([CLEAR], 0)
    sender.take()
    sender.finish([OTHER])
    assert (sender.take(), sender.repeat_at_us) == ([], None)
    sender.send_last()
    sender.send_last()
    assert numbers(sender.take()) == [1, 2]


def test_forgetting_leaves_the_queue_and_clearing_does_not() -> None:
    sender = FlightSender(Counter())
    sender.begin([CLEAR], 0)
    sender.forget()
    assert sender.repeat_at_us is None
    assert len(sender.take()) == 1
    sender.send_last()
    assert sender.take() == []
    sender.begin([CLEAR], 0)
    sender.clear()
    assert sender.take() == []


def test_a_full_queue_drops_and_counts() -> None:
    dropped: Counter[str] = Counter()
    sender = FlightSender(dropped)
    big = record(HANDSHAKE, 0, bytes(MTU_BYTES - 13))
    for _ in range(300):
        sender.send([big])
    assert len(sender.take()) == 256
    assert dropped == {"outbox-full": 44}
