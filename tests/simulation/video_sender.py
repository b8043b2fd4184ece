"""One encoding as an encoder and packetizer make it: frames of plausible sizes, key frames, repeats."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.rtcp import sender_report
from tests.support.layered import DESCRIPTOR_ID, Codec, Frame, LayeredSource, rtp_packets

KEYFRAME_SIZE = 5.0  # times the mean frame
TEMPORAL_WEIGHTS = {1: (1.0,), 2: (1.2, 0.8), 3: (1.6, 0.8, 0.8)}  # L1T3: 40 %, 20 %, 40 % of the bitrate
SPATIAL_SHARES = {1: (1.0,), 2: (0.3, 0.7), 3: (0.1, 0.3, 0.6)}
HISTORY = 1000  # packets kept for repeats
ENCODING_US = 10_000  # from the picture's capture to its packets

TRUTH = dict[tuple[int, int], Frame]  # (picture, spatial layer) → what was sent


@dataclass
class EncodingPlan:
    bps: int
    codec: Codec = "vp8"
    spatial_layers: int = 1
    temporal_layers: int = 3


@dataclass(frozen=True, slots=True)
class ExtensionIds:
    mid: int
    transport_cc: int
    rid: int = 0
    repaired_rid: int = 0
    descriptor: int = 0


@dataclass
class VideoEncoding:
    """`rid` and `mid` go along in every packet, as with a browser before its first receiver reports."""

    plan: EncodingPlan
    index: int
    ssrc: int
    mid: bytes
    rid: bytes
    ids: ExtensionIds
    frames_per_second: int
    truth: TRUTH
    leave: Callable[[bytes, dict[int, bytes]], object]
    payload_type: int = 96
    rtx_payload_type: int = 97
    active: bool = True
    keyframe_due: bool = False
    keyframes: int = 0
    asked: list[int] = field(default_factory=list)  # when PLIs came
    packets: int = 0
    octets: int = 0

    def __post_init__(self) -> None:
        self.rtx_ssrc = self.ssrc + 0x1000
        self._random = random.Random(self.ssrc)
        # Pictures of different encodings never share a number; the low bits are what picture ids show.
        self.source = LayeredSource(
            self.plan.codec,
            self.plan.spatial_layers,
            self.plan.temporal_layers,
            picture=self.index << 24 | self._random.randrange(1 << 15),
        )
        self._sequence = self._random.randrange(1000, 30_000)
        self._rtx_sequence = self._random.randrange(1000, 30_000)
        self._first_timestamp = self._random.randrange(1 << 32)
        self._debt = 0.0  # bytes a key frame took too many
        self._history: dict[int, tuple[bytes, bytes]] = {}  # sequence number → header after it, payload

    def timestamp(self, now_us: int) -> int:
        return self._first_timestamp + now_us * 9 // 100 & 0xFFFFFFFF

    def encode(self, now_us: int) -> None:
        """The picture captured ENCODING_US ago."""
        if not self.active:
            self.source.last.clear()  # starts anew with a key frame
            return
        frames = self.source.next(keyframe=self.keyframe_due, sizes=self._sizes())
        self.keyframes += frames[0].is_key
        self.keyframe_due = False
        for frame in frames:
            self.truth[frame.picture, frame.spatial] = frame
        timestamp = self.timestamp(now_us - ENCODING_US)
        for _, payload, described, marker in rtp_packets(frames):
            self._packet(timestamp, payload, described, marker)

    def _sizes(self) -> list[int]:
        mean = self.plan.bps / 8 / self.frames_per_second
        if self.keyframe_due or not self.source.last:
            size = KEYFRAME_SIZE * mean
            self._debt += size - mean
        else:
            size = mean * TEMPORAL_WEIGHTS[self.plan.temporal_layers][self.source.next_temporal]
            size *= self._random.uniform(0.8, 1.2)
            repaid = min(self._debt, 0.2 * size)
            self._debt -= repaid
            size -= repaid
        return [max(30, int(share * size)) for share in SPATIAL_SHARES[self.plan.spatial_layers]]

    def _packet(self, timestamp: int, payload: bytes, described: bytes, marker: bool) -> None:
        head = struct.pack("!II", timestamp, self.ssrc)
        first = struct.pack("!BBH", 0x80, marker << 7 | self.payload_type, self._sequence)
        self._history[self._sequence] = first + head, payload
        self._history.pop(self._sequence - HISTORY & 0xFFFF, None)
        self._sequence = self._sequence + 1 & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        extensions = {self.ids.mid: self.mid} | ({self.ids.rid: self.rid} if self.rid else {})
        if described:
            extensions[self.ids.descriptor or DESCRIPTOR_ID] = described
        self.leave(first + head + payload, extensions)

    def repeat(self, sequence: int) -> None:
        """RFC 4588, for what is still kept."""
        kept = self._history.get(sequence)
        if kept is None:
            return
        header, payload = kept
        again = struct.pack(
            "!BBH", 0x80, header[1] & 0x80 | self.rtx_payload_type, self._rtx_sequence & 0xFFFF
        )
        again += header[4:8] + struct.pack("!I", self.rtx_ssrc) + header[2:4] + payload
        self._rtx_sequence += 1
        extensions = {self.ids.mid: self.mid} | ({self.ids.repaired_rid: self.rid} if self.rid else {})
        self.leave(again, extensions)

    def report(self, now_us: int) -> bytes:
        return sender_report(self.ssrc, now_us, self.timestamp(now_us), self.packets, self.octets)
