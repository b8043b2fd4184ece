"""RTCP: reports that are read, and what is written, read back by aiortc."""

from __future__ import annotations

from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpSdesPacket
from hypothesis import given
from hypothesis import strategies as st

from mediad.recorder.rtp.rtcp import ReportBlock, read_sender_reports, write_pli, write_reports
from tests.support.recorder_feed import sender_report


def test_a_sender_report_is_read_wherever_it_stands() -> None:
    compound = write_reports(1, ()) + sender_report(11, 3_000_000_000.25, 900)
    (report,) = read_sender_reports(compound)
    assert (report.ssrc, report.ntp_us, report.timestamp) == (11, 3_000_000_000_250_000, 900)
    assert report.compact_ntp == (3_000_000_000 & 0xFFFF) << 16 | 0x4000


@given(st.binary(max_size=80), st.integers(0, 255))
def test_anything_is_read_or_not(data: bytes, words: int) -> None:
    list(read_sender_reports(data))
    list(read_sender_reports(bytes((0x80, 200, 0, words)) + data))


def test_reports_are_what_others_read() -> None:
    block = ReportBlock(11, 64, 5, 1 << 16 | 7, 0x1234_5678, 65536)
    report, description = RtcpPacket.parse(write_reports(99, [block]))
    assert isinstance(report, RtcpRrPacket)
    assert isinstance(description, RtcpSdesPacket)
    (read,) = report.reports
    assert (report.ssrc, read.ssrc, read.fraction_lost, read.packets_lost) == (99, 11, 64, 5)
    assert (read.highest_sequence, read.lsr, read.dlsr) == (1 << 16 | 7, 0x1234_5678, 65536)


def test_a_request_for_a_key_frame_is_what_others_read() -> None:
    _, _, pli = RtcpPacket.parse(write_pli(99, 11))
    assert isinstance(pli, RtcpPsfbPacket)
    assert (pli.fmt, pli.ssrc, pli.media_ssrc) == (1, 99, 11)
