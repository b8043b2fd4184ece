"""The walk over RTCP compounds and everything read from their packets."""

from __future__ import annotations

from aiortc import rtp as aiortc_rtp

from tests.fuzz.target import Target
from tests.windows import wire as window

ROOM = 1400
REPORT = (7, 12, -3, 0x10005, 90, 1, 2)


def _seeds() -> list[bytes]:
    packets = [
        window.write_sr((1, 2**63, 3, 4, 5), ROOM),
        window.write_rr(1, [REPORT, REPORT], ROOM),
        window.write_sdes(1, b"cname", ROOM),
        window.write_nack(1, 2, [5, 7, 100], ROOM),
        window.write_pli(1, 2, ROOM),
        window.write_fir(1, 2, 3, ROOM),
        window.write_remb(1, 5_000_000, [2, 3], ROOM),
        window.write_rrtr(1, 2**63, ROOM),
        window.write_dlrr(1, 2, 3, 4, ROOM),
        bytes(aiortc_rtp.RtcpByePacket(sources=[1, 2])),
    ]
    written = [data for data in packets if data is not None]
    assert len(written) == len(packets)
    return [*written, b"".join(written)]


SEEDS = _seeds()


def one_input(data: bytes) -> None:
    views, malformed = window.rtcp_read(data)
    end = 0
    for view in views:
        assert view["body"] in data[end:]
        size = 4 + 4 * int.from_bytes(data[end + 2 : end + 4], "big")
        end += size
        items = (
            24 * len(view["reports"]) + 4 * len(view["nacks"]) + 8 * len(view["fir"]) + 4 * len(view["bye"])
        )
        assert items <= len(view["body"]) <= size - 4
    assert end <= len(data)
    assert malformed == (end < len(data))
    window.rtcp_read_dlrr(data, 2)
    room = len(data) % 80  # what does not fit is not written at all
    written = [
        window.write_sr((1, 2, 3, 4, 5), room),
        window.write_rr(1, [REPORT], room),
        window.write_nack(1, 2, [5, 70, 100], room),
        window.write_remb(1, 1 << 63, [2, 3], room),
        window.write_sdes(1, data[:20], room),
        window.write_pli(1, 2, room),
        window.write_fir(1, 2, 3, room),
        window.write_rrtr(1, 5, room),
        window.write_dlrr(1, 2, 3, 4, room),
    ]
    assert all(made is None or 0 < len(made) <= room for made in written)


TARGET = Target("rtcp", SEEDS, lambda: one_input, ("_fastpath/wire/rtcp.pyx",))
