"""A generator of RTP for what no program at hand can send: a clip, over and over, at its own pace."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from tests.support.plain_broadcaster import Plain
from tests.support.recorder_media import FPS, Payload


class PlainSender:
    """A thread that sends a video clip to a plain transport, for the time of a `with` block."""

    def __init__(self, to: Plain, payload_type: int, ssrc: int, payloads: Sequence[Payload]) -> None:
        self._to = to.ip, to.port
        self._payload_type, self._ssrc = payload_type, ssrc
        self._payloads = payloads
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> PlainSender:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        sequence, round_s, began_s = 0, 0.0, time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while not self._stop.is_set():
                for payload in self._payloads:
                    at_s = round_s + payload.at_s
                    if self._stop.wait(max(0.0, began_s + at_s - time.monotonic())):
                        return
                    second = self._payload_type | (0x80 if payload.marker else 0)
                    stamp = round(at_s * 90_000) & 0xFFFFFFFF
                    head = struct.pack("!BBHII", 0x80, second, sequence & 0xFFFF, stamp, self._ssrc)
                    sock.sendto(head + payload.data, self._to)
                    sequence += 1
                round_s += self._payloads[-1].at_s + 1 / FPS
