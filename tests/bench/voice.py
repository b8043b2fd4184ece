"""A call beside a load: RTP from one client to another, in a process of its own.

It reads a line of JSON with two transports and prints one with both clients' DTLS parameters. After the next
line it connects, after one more it sends packets and prints the seconds that each took.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time

import uvloop

from tests.support.engine import parse_rtp, rtp
from tests.support.loops import until
from tests.support.media_peer import MediaPeer

INTERVAL_S = 0.005
_SENT = struct.Struct("!d")


class Receiver(MediaPeer):
    """A client that notes how long each packet took."""

    def __init__(self, created: dict[str, object]) -> None:
        super().__init__(created)
        self.latencies_s: list[float] = []

    def _read(self) -> None:
        super()._read()
        now_s = time.monotonic()
        for packet in self.packets:
            (sent_s,) = _SENT.unpack_from(parse_rtp(packet).payload)
            self.latencies_s.append(now_s - sent_s)
        self.packets.clear()


async def main() -> None:
    given = json.loads(sys.stdin.readline())
    sender, receiver = MediaPeer(given["created"][0]), Receiver(given["created"][1])
    print(json.dumps([sender.dtls.parameters, receiver.dtls.parameters]), flush=True)
    sys.stdin.readline()
    await sender.connect()
    await receiver.connect()
    print("connected", flush=True)
    sys.stdin.readline()
    begin_s, count = time.monotonic(), int(given["seconds"] / INTERVAL_S)
    for number in range(count):
        payload = _SENT.pack(time.monotonic()) + bytes(100)
        sender.send_rtp(
            rtp(number, 960 * number, payload, ssrc=given["ssrc"], payload_type=given["payloadType"])
        )
        await asyncio.sleep(max(0.0, begin_s + (number + 1) * INTERVAL_S - time.monotonic()))
    try:
        await until(lambda: len(receiver.latencies_s) == count, 1.0)
    except TimeoutError:
        print(f"{count - len(receiver.latencies_s)} packets are missing", file=sys.stderr)
    print(json.dumps(receiver.latencies_s), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
