"""The other end of the throughput benchmark, in a process of its own: one source of SRTP video, many sinks.

Prints a line of JSON with its ports, then answers each line of JSON on stdin, a burst to send, with one of
what was sent and what the sinks have received so far. A burst begins a new stream or goes on with the last.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time

from pylibsrtp import Session

from tests.bench import video
from tests.bench.floor import Sink
from tests.bench.scene import key_of, outbound

TICK_S = 0.001
BUFFER_BYTES = 4 * 1024 * 1024
UDP_GRO = 104  # <linux/udp.h>; into a socket without it the sender cuts up its GSO sends, at its own cost


def open_socket() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
    opened.bind(("127.0.0.1", 0))
    return opened


def send(source: socket.socket, session: Session, numbers: range, port: int, rate: float) -> None:
    """Sends the packets of those numbers at `rate` packets a second, those of one tick together."""
    start = time.monotonic()
    for sent, data in enumerate(video.packets(numbers), 1):
        source.sendto(session.protect(data), ("127.0.0.1", port))
        ahead = sent / rate - (time.monotonic() - start)
        if ahead > TICK_S:
            time.sleep(ahead)


def main() -> None:
    count, profile = int(sys.argv[1]), sys.argv[2]
    if len(cpus := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(0, cpus[1:])
    sockets = [open_socket() for _ in range(count)]
    sink = Sink([opened.fileno() for opened in sockets])
    threading.Thread(target=sink.run, daemon=True).start()
    ports = [opened.getsockname()[1] for opened in sockets]
    with open_socket() as source:
        print(json.dumps({"source": source.getsockname()[1], "sinks": ports}), flush=True)
        session, number = outbound(profile, key_of(profile)), 0
        for line in sys.stdin:
            order = json.loads(line)
            if order["new"]:
                session, number = outbound(profile, key_of(profile)), 0
            send(source, session, range(number, number + order["packets"]), order["port"], order["rate"])
            number += order["packets"]
            print(json.dumps({"sent": number, "received_bytes": sink.received_bytes}), flush=True)
    sink.stop()


if __name__ == "__main__":
    main()
