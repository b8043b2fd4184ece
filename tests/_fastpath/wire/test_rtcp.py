"""RTCP: writers against aiortc's readers, readers against aiortc's writers, round trips, and junk."""

from __future__ import annotations

import itertools
import struct
from typing import Any

import pytest
from aiortc import rtp as aiortc_rtp
from hypothesis import given
from hypothesis import strategies as st

from tests.windows import wire as window

ROOM = 1400
SSRC = st.integers(0, 0xFFFFFFFF)
U32 = SSRC
REPORT = st.tuples(SSRC, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), U32, U32, U32, U32)
SENDER = st.tuples(SSRC, st.integers(0, 2**64 - 1), U32, U32, U32)


def header(packet_type: int, count: int, body: bytes, *, version: int = 2, padded: bool = False) -> bytes:
    assert len(body) % 4 == 0
    return struct.pack("!BBH", version << 6 | padded << 5 | count, packet_type, len(body) // 4) + body


def only(data: bytes | None) -> dict[str, Any]:
    """The view of the one packet in data."""
    assert data is not None
    [view], malformed = window.rtcp_read(data)
    assert not malformed
    return view


def parsed(data: bytes | None) -> Any:
    assert data is not None
    [theirs] = aiortc_rtp.RtcpPacket.parse(data)
    return theirs


# ---- the walk ----


def test_a_compound_is_walked_to_its_end() -> None:
    data = header(200, 0, bytes(24)) + header(202, 0, b"") + header(203, 1, b"\0\0\0\7")
    views, malformed = window.rtcp_read(data)
    assert [view["packet_type"] for view in views] == [200, 202, 203]
    assert not malformed
    assert window.rtcp_read(b"") == ([], False)


@pytest.mark.parametrize(
    "tail",
    [
        b"\x80",
        b"\x80\xc8\x00",
        header(201, 0, bytes(4))[:-1],  # longer than the datagram
        header(201, 0, bytes(4), version=1),
        header(201, 0, bytes(4), padded=True),  # a padding count of 0
        header(201, 0, b"\0\0\0\5", padded=True),  # more padding than body
        header(201, 0, b"", padded=True),
    ],
)
def test_the_walk_ends_at_the_first_malformed_packet(tail: bytes) -> None:
    views, malformed = window.rtcp_read(header(203, 0, b"") + tail)
    assert (len(views), malformed) == (1, True)


def test_padding_is_taken_off() -> None:
    assert only(header(201, 1, bytes(28) + b"\0\0\0\4", padded=True))["body"] == bytes(28)


def test_padding_as_browsers_write_it() -> None:
    """Padding may be less than a word, and stand before the last packet of the compound."""
    feedback = header(205, 15, b"ssrcssrcfci\1", padded=True)
    views, malformed = window.rtcp_read(feedback + header(203, 1, b"\0\0\0\7"))
    assert [view["body"] for view in views] == [b"ssrcssrcfci", b"\0\0\0\7"]
    assert not malformed


# ---- reports ----


@given(SENDER)
def test_sender_report(sender: tuple[int, int, int, int, int]) -> None:
    data = window.write_sr(sender, ROOM)
    assert only(data)["sender"] == sender
    theirs = parsed(data)
    info = theirs.sender_info
    assert (
        theirs.ssrc,
        info.ntp_timestamp,
        info.rtp_timestamp,
        info.packet_count,
        info.octet_count,
    ) == sender


@given(SSRC, st.lists(REPORT, max_size=31))
def test_receiver_report(ssrc: int, reports: list[tuple[int, ...]]) -> None:
    data = window.write_rr(ssrc, reports, ROOM)
    assert only(data)["reports"] == reports
    theirs = parsed(data)
    assert theirs.ssrc == ssrc
    assert [
        (r.ssrc, r.fraction_lost, r.packets_lost, r.highest_sequence, r.jitter, r.lsr, r.dlsr)
        for r in theirs.reports
    ] == reports


@given(SENDER, st.lists(REPORT, max_size=8))
def test_reports_inside_a_sender_report(
    sender: tuple[int, int, int, int, int], reports: list[tuple[int, ...]]
) -> None:
    theirs = aiortc_rtp.RtcpSrPacket(
        ssrc=sender[0],
        sender_info=aiortc_rtp.RtcpSenderInfo(*sender[1:]),
        reports=[aiortc_rtp.RtcpReceiverInfo(*report) for report in reports],
    )
    view = only(bytes(theirs))
    assert (view["sender"], view["reports"]) == (sender, reports)


@pytest.mark.parametrize(
    ("lost", "written"), [(0x7FFFFF, 0x7FFFFF), (2**31 - 1, 0x7FFFFF), (-(2**31), -0x800000), (-1, -1)]
)
def test_cumulative_loss_is_clamped_to_24_bits(lost: int, written: int) -> None:
    data = window.write_rr(1, [(2, 0, lost, 0, 0, 0, 0)], ROOM)
    assert only(data)["reports"][0][2] == written


def test_a_report_count_beyond_the_length_is_cut() -> None:
    assert len(only(header(201, 31, bytes(4 + 24 + 20)))["reports"]) == 1
    assert only(header(200, 3, bytes(20)))["reports"] == []
    assert "sender" not in only(header(200, 3, bytes(20)))
    assert only(header(201, 1, b""))["reports"] == []


def test_more_reports_than_a_packet_holds() -> None:
    assert window.write_rr(1, [(2, 0, 0, 0, 0, 0, 0)] * 32, ROOM) is None


# ---- SDES and BYE ----


@given(SSRC, st.binary(min_size=1, max_size=255))
def test_sdes(ssrc: int, cname: bytes) -> None:
    data = window.write_sdes(ssrc, cname, ROOM)
    [chunk] = parsed(data).chunks
    assert (chunk.ssrc, chunk.items) == (ssrc, [(1, cname)])
    assert data is not None
    assert data[4 + 4 + 2 + len(cname)] == 0  # RFC 3550 section 6.5: the list ends with a zero
    assert only(data)["count"] == 1


def test_a_cname_has_at_most_255_bytes() -> None:
    assert window.write_sdes(1, bytes(256), ROOM) is None


@given(st.lists(SSRC, max_size=31))
def test_bye(ssrcs: list[int]) -> None:
    assert only(bytes(aiortc_rtp.RtcpByePacket(sources=ssrcs)))["bye"] == ssrcs


def test_a_bye_count_beyond_the_length_is_cut() -> None:
    assert only(header(203, 31, b"\0\0\0\1\0\0\0\2"))["bye"] == [1, 2]


# ---- feedback ----


def numbers_of(items: list[tuple[int, int]]) -> list[int]:
    return [
        packet_id + offset & 0xFFFF
        for packet_id, bitmask in items
        for offset in range(17)
        if offset == 0 or bitmask >> offset - 1 & 1
    ]


GAPS = st.lists(st.integers(1, 40) | st.integers(1, 1000), max_size=60)


@given(st.integers(0, 0xFFFF), GAPS)
def test_nack(first: int, gaps: list[int]) -> None:
    lost = [first]
    for gap in gaps:
        lost.append(lost[-1] + gap & 0xFFFF)
    data = window.write_nack(1, 2, lost, ROOM)
    view = only(data)
    assert view["feedback"] == (1, 2)
    assert numbers_of(view["nacks"]) == lost
    # As few items as the numbers allow: the next item starts beyond the reach of the one before.
    ids = [packet_id for packet_id, _ in view["nacks"]]
    assert all((b - a) & 0xFFFF > 16 for a, b in itertools.pairwise(ids))


@given(st.lists(st.integers(0, 60000), min_size=1, max_size=80, unique=True).map(sorted))
def test_nack_as_aiortc_writes_and_reads_it(lost: list[int]) -> None:
    theirs = aiortc_rtp.RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=2, lost=lost)
    assert window.write_nack(1, 2, lost, ROOM) == bytes(theirs)
    assert numbers_of(only(bytes(theirs))["nacks"]) == lost


def test_a_repeated_number_is_asked_for_once() -> None:
    assert only(window.write_nack(1, 2, [7, 7, 8, 8], ROOM))["nacks"] == [(7, 1)]


def test_an_empty_nack_asks_for_nothing() -> None:
    assert only(window.write_nack(1, 2, [], ROOM))["nacks"] == []


@given(SSRC, SSRC)
def test_pli(sender_ssrc: int, media_ssrc: int) -> None:
    data = window.write_pli(sender_ssrc, media_ssrc, ROOM)
    theirs = aiortc_rtp.RtcpPsfbPacket(fmt=1, ssrc=sender_ssrc, media_ssrc=media_ssrc)
    assert data == bytes(theirs)
    view = only(data)
    assert (view["packet_type"], view["count"], view["feedback"]) == (206, 1, (sender_ssrc, media_ssrc))


@given(SSRC, SSRC, st.integers(0, 255))
def test_fir(sender_ssrc: int, media_ssrc: int, command: int) -> None:
    data = window.write_fir(sender_ssrc, media_ssrc, command, ROOM)
    view = only(data)
    assert (view["count"], view["feedback"], view["fir"]) == (4, (sender_ssrc, 0), [media_ssrc])
    assert parsed(data).fci == struct.pack("!IB3x", media_ssrc, command)


def test_fir_for_several_streams() -> None:
    body = bytes(8) + struct.pack("!IB3xIB3xI", 5, 1, 6, 2, 7)
    assert only(header(206, 4, body))["fir"] == [5, 6]  # the third is cut off


@given(SSRC, st.integers(0, 2**64 - 1), st.lists(SSRC, max_size=20))
def test_remb(sender_ssrc: int, bitrate_bps: int, ssrcs: list[int]) -> None:
    data = window.write_remb(sender_ssrc, bitrate_bps, ssrcs, ROOM)
    read_bps = only(data)["remb"]
    # 18 bits of mantissa, rounded down: never more than was meant.
    assert read_bps <= bitrate_bps
    assert bitrate_bps - read_bps <= bitrate_bps >> 17
    assert aiortc_rtp.unpack_remb_fci(parsed(data).fci) == (read_bps, ssrcs)


@given(st.integers(0, 2**46), st.lists(SSRC, max_size=4))
def test_remb_as_aiortc_writes_it(bitrate_bps: int, ssrcs: list[int]) -> None:
    fci = aiortc_rtp.pack_remb_fci(bitrate_bps, ssrcs)
    view = only(header(206, 15, bytes(8) + fci))
    assert view["remb"] == aiortc_rtp.unpack_remb_fci(fci)[0]


@pytest.mark.parametrize(
    "fci",
    [
        b"REMB" + b"\x00\xff\xff\xff",  # 2^18 << 63 does not fit
        b"REMB" + b"\x01\x00\x00\x01",  # says one SSRC, has none
        b"ALFB" + b"\x00\x00\x00\x01",
        b"REMB",
        b"",
    ],
)
def test_what_is_no_remb(fci: bytes) -> None:
    assert "remb" not in only(header(206, 15, bytes(8) + fci))


def test_a_remb_names_at_most_255_streams() -> None:
    whole = window.write_remb(1, 10**6, list(range(255)), ROOM)
    assert aiortc_rtp.unpack_remb_fci(parsed(whole).fci)[1] == list(range(255))
    assert window.write_remb(1, 10**6, list(range(256)), 4 * ROOM) is None


def test_the_largest_remb() -> None:
    fci = b"REMB" + struct.pack("!BBH", 0, 46 << 2 | 3, 0xFFFF)
    assert only(header(206, 15, bytes(8) + fci))["remb"] == 0x3FFFF << 46


@pytest.mark.parametrize(("packet_type", "fmt"), [(205, 1), (206, 1), (206, 4), (206, 15)])
@pytest.mark.parametrize("size", [0, 4])
def test_feedback_too_short_for_its_ssrcs(packet_type: int, fmt: int, size: int) -> None:
    view = only(header(packet_type, fmt, bytes(size)))
    assert "feedback" not in view
    assert (view["nacks"], view["fir"], "remb" in view) == ([], [], False)


def test_readers_look_at_their_own_type_only() -> None:
    body = bytes(8) + b"REMB" + bytes(40)
    for packet_type, fmt in ((205, 4), (205, 15), (206, 1), (200, 0), (204, 15), (207, 0)):
        view = only(header(packet_type, fmt, body))
        assert (view["nacks"], view["fir"], view["bye"], "remb" in view) == ([], [], [], False)


@pytest.mark.parametrize("packet_type", [200, 201, 203, 205, 206, 207])
def test_items_behind_the_last_read_as_zero(packet_type: int) -> None:
    data = header(packet_type, 1, b"\xff" * 28)
    assert window.rtcp_read_outside(data, 100) == [0, 0, 0, 0, 0]
    assert window.rtcp_read_outside(data, 0xFFFFFFFF) == [0, 0, 0, 0, 0]


# ---- XR ----


@given(SSRC, st.integers(0, 2**64 - 1))
def test_rrtr(sender_ssrc: int, ntp: int) -> None:
    data = window.write_rrtr(sender_ssrc, ntp, ROOM)
    assert data == header(207, 0, struct.pack("!IBBHQ", sender_ssrc, 4, 0, 2, ntp))
    assert only(data)["rrtr"] == ntp


@given(SSRC, SSRC, U32, U32)
def test_dlrr(sender_ssrc: int, ssrc: int, last_rr: int, delay: int) -> None:
    data = window.write_dlrr(sender_ssrc, ssrc, last_rr, delay, ROOM)
    assert data == header(207, 0, struct.pack("!IBBHIII", sender_ssrc, 5, 0, 3, ssrc, last_rr, delay))
    assert window.rtcp_read_dlrr(data, ssrc) == (last_rr, delay)
    assert window.rtcp_read_dlrr(data, ssrc ^ 1) is None


def test_xr_blocks_are_found_behind_others() -> None:
    other = struct.pack("!BBHI", 1, 0, 1, 0)
    rrtr = struct.pack("!BBHQ", 4, 0, 2, 99)
    dlrr = struct.pack("!BBHIIIIII", 5, 0, 6, 1, 2, 3, 4, 5, 6)
    data = header(207, 0, b"ssrc" + other + rrtr + dlrr)
    assert only(data)["rrtr"] == 99
    assert window.rtcp_read_dlrr(data, 4) == (5, 6)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ssrc",
        b"ssrc" + struct.pack("!BBHI", 4, 0, 1, 0),  # too short for an NTP timestamp
        b"ssrc" + struct.pack("!BBHI", 4, 0, 2, 0),  # longer than the packet
        b"ssrc" + struct.pack("!BBHIBBHQ", 1, 0, 0xFFFF, 0, 4, 0, 2, 7),
    ],
)
def test_cut_off_xr_blocks(body: bytes) -> None:
    assert "rrtr" not in only(header(207, 0, body))
    assert window.rtcp_read_dlrr(header(207, 0, body), 0) is None


# ---- bounds ----

WRITERS = [
    lambda room: window.write_sr((1, 2, 3, 4, 5), room),
    lambda room: window.write_rr(1, [(2, 0, 0, 0, 0, 0, 0)] * 3, room),
    lambda room: window.write_sdes(1, b"cname", room),
    lambda room: window.write_nack(1, 2, [1, 100, 200], room),
    lambda room: window.write_pli(1, 2, room),
    lambda room: window.write_fir(1, 2, 3, room),
    lambda room: window.write_remb(1, 10**6, [1, 2], room),
    lambda room: window.write_rrtr(1, 2, room),
    lambda room: window.write_dlrr(1, 2, 3, 4, room),
]


@pytest.mark.parametrize("write", WRITERS)
def test_writers_stop_at_the_limit(write: Any) -> None:
    whole = write(ROOM)
    assert write(len(whole)) == whole
    for room in range(len(whole)):
        assert write(room) is None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 255), st.sampled_from(range(198, 209)), st.integers(0, 12), st.binary(max_size=60)
        ),
        max_size=4,
    ),
    st.binary(max_size=8),
)
def test_junk(packets: list[tuple[int, int, int, bytes]], tail: bytes) -> None:
    """The window's inputs end at a page that must not be read: it is enough to survive and be consistent."""
    data = b"".join(
        struct.pack("!BBH", first | 0x80, kind, words) + body for first, kind, words, body in packets
    )
    views, malformed = window.rtcp_read(data + tail)
    assert malformed or sum(len(view["body"]) + 4 for view in views) <= len(data + tail)
    for view in views:
        assert len(view["reports"]) * 24 + len(view["nacks"]) * 4 <= len(view["body"])
    window.rtcp_read_dlrr(data + tail, 0)
