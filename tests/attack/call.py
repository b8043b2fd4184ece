"""A call under attack, as a process of its own: `python -m tests.attack.call FRONT_PORT SECRET`.

One peer sends 200 packets a second, another one receives them. The first line on stdout is the call as
attackers may see it; then a line each second says what became of the packets sent in a second before.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import uvloop

from tests.attack.people import Person
from tests.attack.target import Target
from tests.support.media_peer import MediaPeer, check_for
from tests.support.rtp import packet

ROOM, SSRC = "victims", 4242
INTERVAL_S = 0.005
LATE_S = 1.0
"""The time after which a packet counts as lost."""
PAYLOAD_BYTES = 200
_STAMP = struct.Struct("!dI")
_SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>; the time at which the kernel had it, however busy we are
_TIMESPEC = struct.Struct("qq")


@dataclass(slots=True)
class Bucket:
    """The packets sent in one second."""

    number: int
    first: int
    sent: int = 0
    delays_s: dict[int, float] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """Say how many arrived, and how long the receiver waited at the worst moment."""
        longest = run = 0
        for index in range(self.first, self.first + self.sent):
            run = 0 if index in self.delays_s else run + 1
            longest = max(longest, run)
        worst_s = max([*self.delays_s.values(), longest * INTERVAL_S])
        return {"second": self.number, "sent": self.sent, "got": len(self.delays_s), "worst_s": worst_s}


class Call:
    """A call with both of its ends."""

    def __init__(self, sender: MediaPeer, receiver: MediaPeer, transports: list[Any]) -> None:
        self._sender, self._receiver, self._transports = sender, receiver, transports
        self._buckets: deque[Bucket] = deque()
        self._count = 0
        self._next_check_s = 0.0
        receiver.stop_reading()
        self._socket = socket.socket(fileno=os.dup(receiver.fileno))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._read)
        self.recorded: list[bytes] = []
        self.tells = False

    async def run(self) -> None:
        """Send for ever, and tell each second."""
        due_s = time.monotonic()
        while True:
            due_s = max(
                due_s + INTERVAL_S, time.monotonic() - 0.1
            )  # what was slept through is not sent at once
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            self.send()
            self._check()
            while self._buckets and time.time() >= self._buckets[0].number + 1 + LATE_S:
                told = self._buckets.popleft().report()
                if self.tells:
                    print(json.dumps(told), flush=True)

    def send(self) -> None:
        now_s = time.time()
        if not self._buckets or self._buckets[-1].number != int(now_s):
            self._buckets.append(Bucket(int(now_s), self._count))
        self._buckets[-1].sent += 1
        payload = _STAMP.pack(now_s, self._count).ljust(PAYLOAD_BYTES, b"x")
        data = packet(
            payload, payload_type=111, sequence_number=self._count, timestamp=self._count * 240, ssrc=SSRC
        )
        self._count += 1
        sealed = self._sender._ready()[0].protect(data)
        if len(self.recorded) < 500:
            self.recorded.append(sealed)
        self._sender._send([sealed])

    def _check(self) -> None:
        if time.monotonic() >= self._next_check_s:
            self._next_check_s = time.monotonic() + 2
            for media, created in zip((self._sender, self._receiver), self._transports, strict=True):
                media._send([check_for(created)])

    def _read(self) -> None:
        while True:
            try:
                data, extra, _, _ = self._socket.recvmsg(2048, 64)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if data[0] >> 6 != 2 or 192 <= data[1] <= 223:
                continue
            seconds, nanoseconds = _TIMESPEC.unpack(extra[0][2])
            self._take(self._receiver._ready()[1].unprotect(data), seconds + nanoseconds / 1e9)

    def _take(self, data: bytes, at_s: float) -> None:
        start = 12 + (4 + 4 * int.from_bytes(data[14:16], "big") if data[0] & 0x10 else 0)
        sent_s, index = _STAMP.unpack_from(data, start)
        for bucket in self._buckets:
            if bucket.number == int(sent_s):
                bucket.delays_s[index] = max(0.0, at_s - sent_s)


async def main(front_port: int, secret: str) -> None:
    watching = await Person.enter(front_port, secret, ROOM, "receiver", sends=False)
    await (await watching.connect()).join(receives=True)
    speaking = await Person.enter(front_port, secret, ROOM, "sender", sends=True)
    await (await speaking.connect()).join(receives=False)
    await speaking.send_opus(SSRC)
    sending, sender = speaking.transport, speaking.media
    await asyncio.sleep(0.5)  # until the other one's consumer is there
    call = Call(sender, watching.media, [sending, watching.transport])
    running = asyncio.create_task(call.run())
    await asyncio.sleep(3)  # until there is something to be recorded
    candidate = sending["iceCandidates"][0]
    target = Target(
        front=("127.0.0.1", front_port),
        media=(candidate["address"], candidate["port"]),
        secret=secret,
        client=("127.0.0.1", sender.port),
        server_fragment=sending["iceParameters"]["usernameFragment"],
        ssrc=SSRC,
        recorded=tuple(data.hex() for data in call.recorded),
    )
    print(target.to_json(), flush=True)
    call.tells = True
    await running


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), sys.argv[2]))
