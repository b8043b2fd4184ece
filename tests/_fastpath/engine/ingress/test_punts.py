"""Datagrams passed up to Python: their number, their senders, and a share for each transport."""

from __future__ import annotations

import pytest
from pylibsrtp import Policy, Session

from mediad._fastpath.door.events import DtlsReceived, PathReported, StunReceived
from mediad._fastpath.wire.srtp import session_pointer
from tests.support import engine as e

CHECK = e.stun_request(b"receiver-fragment")
RECORD = b"\x16\xfe\xfd" + b"h" * 40
DATA = b"\x17\xfe\xfd\0\1" + b"d" * 1000
DATA_BURST, DATA_PER_S, DATA_SHARE, DATA_LEAVES = 512, 4000, 192, 640
SESSION = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_INBOUND))
PATH_BURST, PAIR_BURST, TRANSPORT_BURST, DTLS_BURST = 25, 20, 100, 60
STRANGER = ("192.0.2.1", 9)


def heard(call: e.Call) -> list[tuple[str, int]]:
    """Return the sources of all STUN and DTLS passed up since the last call."""
    return [
        (event.host, event.port)
        for event in call.engine.events()
        if isinstance(event, StunReceived | DtlsReceived)
    ]


def flood(call: e.Call, data: bytes, where: tuple[str, int], seconds: int, per_second: int = 2000) -> int:
    """Send so many a second while Python reads every 10 ms, and return the number it was passed."""
    shown = 0
    for _ in range(seconds * 100):
        for _ in range(per_second // 100):
            call.send(data, where)
        call.now_us += 10_000
        shown += len(heard(call))
    return shown


@pytest.mark.parametrize(
    ("data", "where", "burst", "rate", "reason"),
    [
        (CHECK, e.RECEIVER, PATH_BURST, 5, "drop_stun_path_budget"),
        (CHECK, STRANGER, PAIR_BURST, 5, "drop_stun_stranger_budget"),
        (RECORD, e.RECEIVER, DTLS_BURST, 10, "drop_dtls_budget"),
    ],
)
def test_a_flood_costs_python_no_more_than_its_budget(
    data: bytes, where: tuple[str, int], burst: int, rate: int, reason: str
) -> None:
    call = e.Call()
    shown = flood(call, data, where, 10)
    assert burst <= shown <= burst + 10 * rate + 1
    assert call.drops() == {reason: 20_000 - shown}


def test_a_strangers_flood_leaves_the_checks_of_a_path_alone() -> None:
    call = e.Call()
    flood(call, CHECK, STRANGER, 3)
    call.send(CHECK, e.RECEIVER)
    assert heard(call) == [e.RECEIVER]


def test_a_strangers_flood_leaves_other_strangers_and_other_transports_alone() -> None:
    call = e.Call()
    flood(call, CHECK, STRANGER, 3)
    call.send(CHECK, ("203.0.113.4", 1234))
    call.send(e.stun_request(b"sender-fragment"), STRANGER)
    assert heard(call) == [("203.0.113.4", 1234), STRANGER]


def test_a_flood_from_forged_sources_is_bounded_by_its_transport() -> None:
    call = e.Call()
    shown = 0
    for number in range(20_000):
        call.send(CHECK, (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 9))
        call.now_us += 100
        if number % 20 == 0:
            shown += len(heard(call))
    assert shown <= TRANSPORT_BURST + 2 * 25 + 1
    call.send(e.stun_request(b"sender-fragment"), STRANGER)
    assert STRANGER in heard(call)


def test_checks_without_the_password_take_nothing_from_those_who_know_it() -> None:
    """The fragment is in the clear in every check: whoever sees one may flood it, from forged addresses."""
    call = e.Call()
    wrong = e.stun_request(b"receiver-fragment", "guessed")
    for number in range(20_000):
        call.send(wrong, e.RECEIVER if number % 2 else (f"10.{number >> 8}.{number & 255}.1", 9))
        call.now_us += 5
    assert heard(call) == []
    assert call.drops() == {"drop_stun_integrity": 20_000}
    call.send(CHECK, STRANGER)
    call.send(CHECK, e.RECEIVER)
    assert heard(call) == [STRANGER, e.RECEIVER]
    call.engine.ask_address(e.RECEIVING, 0, *e.RECEIVER)
    ((*_, dropped_us, _),) = call.told(PathReported)
    assert dropped_us == 0  # nor does it keep a client that has gone


def test_many_ports_of_one_host_are_one_stranger() -> None:
    call = e.Call()
    for port in range(1, 1000):
        call.send(CHECK, ("192.0.2.1", port))
    assert len(heard(call)) == PAIR_BURST
    for number in range(1000):
        call.send(CHECK, (f"2001:db8::{number + 1:x}", 9))
    assert len(heard(call)) == PAIR_BURST


def test_checks_for_many_transports_from_one_host_are_bounded_together() -> None:
    call = e.Call()
    for number in range(100):
        fragment = b"crowd%d" % number
        call.engine.open_transport(e.GENERATION | 100 + number, username_fragment=fragment, rtcp_ssrc=1)
        for _ in range(20):
            call.send(e.stun_request(fragment), STRANGER)
        heard(call)
    assert call.drops()["drop_stun_stranger_budget"] == 1000


def test_no_transport_takes_more_than_its_share_of_the_way_up() -> None:
    """The share counts before Python has read any of it."""
    call = e.Call()
    for _ in range(60):
        call.send(RECORD, e.RECEIVER)
    assert call.drops() == {"drop_punt_full": 12}
    call.send(CHECK, e.RECEIVER)
    call.send(RECORD)
    assert heard(call) == 48 * [e.RECEIVER] + [e.RECEIVER, e.SENDER]
    call.now_us += 3_000_000
    call.send(RECORD, e.RECEIVER)
    assert heard(call) == [e.RECEIVER]


def test_strangers_leave_half_of_the_way_up_free() -> None:
    call = e.Call()
    for number in range(100):
        fragment = b"crowd%d" % number
        call.engine.open_transport(e.GENERATION | 100 + number, username_fragment=fragment, rtcp_ssrc=1)
        for port in range(1, 9):
            call.send(e.stun_request(fragment), (f"10.0.{number}.1", port))
    assert call.drops() == {"drop_punt_full": 800 - 512}
    call.send(CHECK, e.RECEIVER)
    assert heard(call)[-1] == e.RECEIVER


def test_a_check_tells_when_the_selected_path_was_heard() -> None:
    call = e.Call()
    call.send(e.pli(1), e.RECEIVER)
    call.engine.events()
    call.send(CHECK, STRANGER)
    assert [event.selected_heard_us for event in call.told(StunReceived)] == [call.now_us]


# -- data channels -----------------------------------------------------------------------------------------


def with_data(call: e.Call, number: int, *, data: bool = True, proven: bool = True) -> tuple[str, int]:
    """Open a transport whose DTLS is connected; return its client's address."""
    handle, where = e.GENERATION | 200 + number, (f"10.1.{number}.1", 9)
    call.engine.open_transport(
        handle, username_fragment=b"data%d" % number, rtcp_ssrc=1, secure=True, data=data
    )
    call.engine.add_address(handle, 0, *where)
    call.engine.select_address(handle, 0, *where)
    if proven:
        call.engine.prove_address(handle, 0, *where)
    call.engine.set_keys(
        handle, receive_session=session_pointer(SESSION), rtcp_session=session_pointer(SESSION)
    )
    return where


def test_data_has_a_budget_of_its_own() -> None:
    call = e.Call()
    where = with_data(call, 0)
    shown = flood(call, DATA, where, 3, per_second=8000)
    assert shown in range(3 * DATA_PER_S, DATA_BURST + 3 * DATA_PER_S + 2)
    assert call.drops() == {"drop_data_budget": 24_000 - shown}
    for _ in range(DTLS_BURST // 2):
        call.send(RECORD, where)
    assert len(heard(call)) == DTLS_BURST // 2, "a handshake, or an alert, has another"


@pytest.mark.parametrize("content_bytes", [0, 25, 200])
def test_each_record_of_data_counts_as_one(content_bytes: int) -> None:
    call = e.Call()
    where = with_data(call, 0)
    record = b"\x17\xfe\xfd" + bytes(8) + content_bytes.to_bytes(2, "big") + bytes(content_bytes)
    count = 1800 // len(record)
    shown = flood(call, record * count, where, 3)
    assert shown in range(3 * DATA_PER_S // count, (DATA_BURST + 3 * DATA_PER_S) // count + 2)


def test_a_record_that_is_cut_off_is_one() -> None:
    call = e.Call()
    where = with_data(call, 0)
    header = b"\x17\xfe\xfd" + bytes(8) + b"\xff\xff"
    assert flood(call, header, where, 1) == 2000


@pytest.mark.parametrize("options", [{"data": False}, {"proven": False}])
def test_other_records_have_the_budget_of_a_handshake(options: dict[str, bool]) -> None:
    call = e.Call()
    where = with_data(call, 0, **options)
    shown = flood(call, DATA, where, 3)
    assert shown in range(DTLS_BURST, DTLS_BURST + 3 * 10 + 2)
    assert set(call.drops()) == {"drop_dtls_budget"}


def test_those_who_flood_share_the_way_up_and_others_find_room() -> None:
    call = e.Call()
    flooders = [with_data(call, number) for number in range(5)]
    for _ in range(400):
        for where in flooders:
            call.send(DATA, where)
    other = with_data(call, 9)
    call.send(DATA, other)
    call.send(CHECK, STRANGER)
    call.send(CHECK, e.RECEIVER)
    call.send(RECORD, e.RECEIVER)
    told = heard(call)
    shares = [told.count(where) for where in flooders]
    assert max(shares) - min(shares) <= 1
    assert sum(shares) < 1024 - DATA_LEAVES
    assert told[-4:] == [other, STRANGER, e.RECEIVER, e.RECEIVER]


def test_one_who_sends_much_at_once_has_a_large_share() -> None:
    call = e.Call()
    where = with_data(call, 0)
    for _ in range(DATA_SHARE + 10):
        call.send(DATA, where)
    assert heard(call) == [where] * DATA_SHARE
