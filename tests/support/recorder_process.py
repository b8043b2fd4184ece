"""A recorder process, and RTP sent to it in real time."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mediad.errors import EnvelopeError, from_code
from mediad.pipe.duplex import Duplex
from mediad.pipe.messages import ReplyT, Request, read
from mediad.pipe.recorder_requests import (
    RECORDER_EVENTS,
    ConnectRecorder,
    FileOutput,
    RecorderEvent,
    RecorderStarted,
    StartRecorder,
)
from mediad.protocols import envelope


class RecorderProcess:
    """The supervisor's end of one recorder."""

    def __init__(self) -> None:
        self.events: list[RecorderEvent] = []
        self.process: asyncio.subprocess.Process
        self.pipes = Duplex(self)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._kinds: dict[int, Any] = {}

    async def spawn(self, **kwargs: Any) -> None:
        from_child, child_out = os.pipe()
        child_in, to_child = os.pipe()
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mediad.recorder", str(child_in), str(child_out), "info", "text"),
            pass_fds=(child_in, child_out),
            **kwargs,
        )
        os.close(child_in)
        os.close(child_out)
        await self.pipes.open(from_child, to_child)

    async def ask(self, request: Request[ReplyT]) -> ReplyT:
        number = len(self._kinds) + 1
        self._kinds[number] = type(request)
        self._answers[number] = asyncio.get_running_loop().create_future()
        self.pipes.send(envelope.Request(number, request.row, request))
        reply: ReplyT = await self._answers[number]
        return reply

    def receive(self, messages: list[envelope.RawMessage]) -> None:
        for message in messages:
            match message:
                case envelope.Event():
                    self.events.append(read(RECORDER_EVENTS[message.name], message.data, message.name))
                case envelope.Response(ok=True):
                    kind = self._kinds[message.id]
                    self._answers[message.id].set_result(read(kind.reply(), message.data, kind.row))
                case envelope.Response():
                    failure = read(envelope.Failure, message.data, "")
                    self._answers[message.id].set_exception(from_code(failure.code, failure.reason))

    def pause(self, paused: bool) -> None: ...

    def end(self, error: EnvelopeError | None) -> None: ...

    def sending_ended(self) -> None: ...


@asynccontextmanager
async def recorder_process(**kwargs: Any) -> AsyncIterator[RecorderProcess]:
    """A recorder that was spawned, and is killed if the test does not end it."""
    recorder = RecorderProcess()
    await recorder.spawn(**kwargs)
    try:
        yield recorder
    finally:
        recorder.pipes.close()
        if recorder.process.returncode is None:
            try:
                async with asyncio.timeout(10):
                    await recorder.process.wait()
            except TimeoutError:
                recorder.process.kill()
                await recorder.process.wait()


class PlainTransport:
    """The plain transport's part: a socket that RTP comes from, and RTCP goes to."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.remote = ("127.0.0.1", 0)

    async def start(self, recorder: RecorderProcess, directory: Path, **output: Any) -> RecorderStarted:
        """Start a recording that takes its packets from here."""
        started = await recorder.ask(StartRecorder("room", "one", FileOutput(str(directory), **output)))
        await recorder.ask(ConnectRecorder(*self.socket.getsockname()))
        self.remote = ("127.0.0.1", started.port)
        return started

    async def play(self, *streams: Iterable[tuple[float, bytes]], speed: float = 1.0) -> None:
        """Send packets, each at its time."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        for at_s, data in sorted((e for stream in streams for e in stream), key=lambda entry: entry[0]):
            late_s = begun_s + at_s / speed - loop.time()
            if late_s > 0:
                await asyncio.sleep(late_s)
            self.socket.sendto(data, self.remote)

    def received(self) -> list[bytes]:
        """The datagrams that have come."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(2048))
            except BlockingIOError:
                return found

    def close(self) -> None:
        self.socket.close()
