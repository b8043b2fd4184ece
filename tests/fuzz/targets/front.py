"""Bytes of one TCP connection to the front: HTTP heads and bodies, WebSocket frames, in any portions."""

from __future__ import annotations

import asyncio
import random

from tests.fuzz.target import Take, Target
from tests.support.frames import frame
from tests.support.memory_front import MemoryFront
from tests.support.signaling import upgrade

_POST = b"POST /rooms/r/broadcasters HTTP/1.1\r\nHost: a\r\n"
SOCKET_IO = upgrade("a").replace(b"GET /?", b"GET /socket.io/?EIO=4&transport=websocket&")
SEEDS = [
    b"GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /stats HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\nRange: bytes=0-5,7-9\r\n\r\n",
    b"HEAD /rooms/%2e%2e%00 HTTP/1.1\r\nHost: a\r\nOrigin: a\r\nX-Forwarded-For: 192.0.2.9, ::1\r\n\r\n",
    b"OPTIONS /rooms/r HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
    _POST + b'Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"id":"b","a":',
    _POST
    + b'Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n6\r\n{"id":\r\n4;x\r\n"b"}\r\n0\r\n\r\n',
    _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    upgrade("a") + frame(1, b'{"request":true,"id":1,"method":"getRouterRtpCapabilities","data":{}}'),
    upgrade("a") + frame(9) + frame(10, b"x") + frame(8, b"\x03\xe8bye"),
    upgrade("a") + frame(1, b'{"requ', fin=False) + frame(0, b'est":true}') + frame(2, b"\0"),
    upgrade("a", "Sec-WebSocket-Extensions: permessage-deflate") + frame(0x41, b"{}"),
    upgrade("a") + b"\x81\xff" + (5).to_bytes(8, "big") + bytes(4) + b"hello" + frame(9, b"x" * 20),
    upgrade("a") + b"\x81\xfe\x01\x00" + bytes(4) + b"{" * 256 + b"\x81\xff\0",
    upgrade("a") + b"\x81\x05hello",
    SOCKET_IO + frame(1, b"40/mediasoup,") + frame(1, b'42/mediasoup,0["a",{}]') + frame(1, b"1"),
    b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
]


def make() -> Take:
    return lambda data: asyncio.run(_talk(data))


async def _talk(data: bytes) -> None:
    front, chance = MemoryFront(), random.Random(data)
    transport = front.connect()
    at = 0
    while at < len(data):
        size = chance.choice((1, 20, 300, 4096))
        await front.send(transport, data[at : at + size])
        at += size
    protocol = transport.get_protocol()
    await front.settle()
    assert transport.closed or protocol is not None
    await front.close()
    _check_answers(bytes(transport.written))


def _check_answers(written: bytes) -> None:
    """Hold that whatever came, what goes out is HTTP."""
    assert not written or written.startswith(b"HTTP/1.1 ")


OBJECTS = tuple(f"signaling/server/{name}.py" for name in ("http_protocol", "websocket_protocol"))
TARGET = Target("front", SEEDS, make, ("signaling/server/frame_meter.py",), objects=OBJECTS)
