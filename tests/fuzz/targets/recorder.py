"""Datagrams to a recorder: RTP of each codec, RTCP and anything else, up to frames with their times.

An input is a byte that chooses the codec, and rows of: the time since the last one (one byte, 10 ms), length
(two), the datagram.
"""

from __future__ import annotations

import struct

from mediad.recorder.codecs.table import CODECS
from mediad.recorder.rtp.packet import is_rtcp, read_rtp
from mediad.recorder.rtp.rtcp import read_sender_reports, write_reports
from mediad.recorder.timeline import PeerClock
from mediad.recorder.track import Track
from tests.fuzz.target import Target
from tests.support.recorder_feed import add_track, rtp, sender_report

KINDS = sorted(CODECS)
SSRC, PAYLOAD_TYPE = 1234, 100
STEP_US = 10_000
MAX_FRAMES = 4096
SETS = {
    "sprop-parameter-sets": "Z0IACpZTBYmI,aMljiA==",
    "sprop-vps": "QAE=,!",
    "sprop-sps": "QgE=",
    "sprop-pps": "RAE=",
}


def record(data: bytes, steps: int = 1) -> bytes:
    return struct.pack("!BH", steps, len(data)) + data


ODD: dict[str, tuple[bytes, ...]] = {
    **dict.fromkeys(KINDS, (b"x", b"")),
    "video/h264": (
        b"\x78\x00\x03\x67\x42\x00\x00\x02\x68\xce",
        b"\x7c\x85abc",
        b"\x7c\x45abc",
        b"\x7d\x85\x00\x01",
        b"\x67\x42\x00\x0a\xf8\x41\xa2",
    ),
    "video/h265": (b"\x60\x01\x00\x03\x40\x01\x0c\x00\x02\x42\x01", b"\x62\x01\x93abc", b"\x62\x01\x53abc"),
    "video/vp9": (
        b"\xaa\x80\x01\x04\x00\x82\x49\x83\x42\x00",
        b"\x8a\x81\x02\x40\x01\x01\x38\x00\x10\x00\x10",
    ),
    "video/vp8": (b"\x90\xe0\x80\x01\x2a\x60\x10\x02\x00\x9d\x01\x2a\x40\x00\x24\x00",),
    "video/av1": (
        b"\x18\x0a\x0b\x00\x00\x00\x04\x47\x7e\x1a\xff\xfc\xfb\xb8",
        b"\x90\x85\x00",
        b"\x20\x02\x32\x00\x32",
    ),
    "audio/red": (b"\xef\x0f\x00\x02\x6f\xaa\xbb\x78",),
}


REPORT = record(sender_report(SSRC, 3e9, 0))
SEEDS = [
    bytes([number])
    + record(sender_report(SSRC, 3e9, 0))
    + record(rtp(PAYLOAD_TYPE, 1, 0, SSRC, odd, marker=True))
    for number, mime_type in enumerate(KINDS)
    for odd in ODD[mime_type]
]


def one_input(data: bytes) -> None:
    chosen = data[0] % (2 * len(KINDS)) if data else 0
    mime_type = KINDS[chosen % len(KINDS)]
    parameters = SETS if chosen >= len(KINDS) else {}
    track = Track(add_track("t", mime_type, SSRC, parameters=parameters), PeerClock())
    now_us, data, count = 1_000_000, data[1:], 0
    while len(data) >= 3:
        steps, length = struct.unpack("!BH", data[:3])
        datagram, data = data[3 : 3 + length], data[3 + length :]
        now_us += steps * STEP_US
        if is_rtcp(datagram):
            for report in read_sender_reports(datagram):
                track.report(report, now_us)
            continue
        packet = read_rtp(datagram)
        frames = (
            track.receive(packet, now_us) if packet is not None and track.takes(packet.payload_type) else []
        )
        frames += track.poll(now_us)
        track.wants_key_frame(now_us)
        block = track.block(now_us)
        assert len(write_reports(1, [block] if block else [])) % 4 == 0
        count += len(frames)
    count += len(track.flush())
    assert count <= MAX_FRAMES
    track.close()


CODEC_FILES = ("audio", "av1", "bits", "h264", "h265", "nal", "video", "vp8", "vp9")
PARSERS = [f"recorder/codecs/{name}.py" for name in CODEC_FILES]
PARSERS += [f"recorder/rtp/{name}.py" for name in ("packet", "reorder", "rtcp")]
TARGET = Target("recorder", SEEDS, lambda: one_input, tuple(PARSERS))
