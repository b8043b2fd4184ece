"""A worker with real pipes and no media: what the supervisor's tests start, stop, hang and kill.

    python tiny_worker.py [--mode MODE] READ_FD WRITE_FD SETTINGS_JSON

Modes: ready (default), mute (never ready), config or port (fails to start as a real worker would), crash
(exits with 3), crash-if:PATH (like crash while PATH exists, else ready), bind (ready, with its UDP port),
other:VERSION:PIPE (ready, of another version).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from mediad.protocols.envelope import Decoder, Event, Request, Response, encode

asked: set[str] = set()
"""The methods that have been called."""


def main() -> int:
    mode = sys.argv[2] if sys.argv[1] == "--mode" else "ready"
    read_fd, write_fd, settings = int(sys.argv[-3]), int(sys.argv[-2]), json.loads(sys.argv[-1])

    def send(message: Event[Any] | Response[Any]) -> None:
        data = encode(message)
        while data:
            data = data[os.write(write_fd, data) :]

    if mode in ("config", "port"):
        send(
            Event("worker.failed", {"code": mode, "reason": f"worker {settings['worker_id']}: wrong {mode}"})
        )
        return {"config": 78, "port": 69}[mode]
    if mode == "crash" or (mode.startswith("crash-if:") and os.path.exists(mode.partition(":")[2])):
        return 3
    holding = socket.socket(type=socket.SOCK_DGRAM)
    if mode == "bind":
        holding.bind((settings["listen_ip"], settings["rtc_first_port"]))
    if mode != "mute":
        _, version, pipe = f"{mode}::".split(":")[:3] if mode.startswith("other") else ("", "", "")
        other = {"version": version, "pipe": int(pipe)} if version else {}
        send(Event("worker.ready", {"pid": os.getpid(), **other}))
    decoder = Decoder()
    while data := os.read(read_fd, 65536):
        for message in decoder.feed(data):
            assert isinstance(message, Request)
            asked.add(message.method)
            answer = act(message.method, message.data, write_fd, send)
            if answer is not None:
                send(Response(message.id, "code" not in answer, answer))
    return 0


def act(method: str, data: dict[str, Any], write_fd: int, send: Any) -> dict[str, Any] | None:
    """The reply, with a code when it is an error; None for no reply at all."""
    match method:
        case "worker.ping" if "test.sicken" in asked:
            return {"code": "state", "reason": "the media thread has ended"}
        case "test.fail":
            return {"code": data["code"], "reason": "as asked"}
        case "test.events":
            for event in data["events"]:
                send(Event(event["name"], event["data"]))
        case "test.silence":
            return None
        case "test.die":
            os.kill(os.getpid(), data["signal"])
            signal.pause()
        case "test.exit":
            os._exit(data["status"])
        case "test.garbage":
            os.write(write_fd, b"\xff\xff\xff\xffgarbage")
        case "test.stop-reading":
            time.sleep(60)
        case "test.ask":
            os.write(write_fd, encode(Request(1, "may.i", {})))
        case "test.leave-child":
            # The child holds this worker's pipe open beyond its death.
            child = subprocess.Popen(["sleep", "60"], pass_fds=(write_fd,))
            return {"pid": child.pid}
        case "test.spin":
            end = time.monotonic() + data["seconds"]
            while time.monotonic() < end:
                pass
    return data


if __name__ == "__main__":
    sys.exit(main())
