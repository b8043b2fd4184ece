"""The blocking client against a real admin server, and against everything that is none."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mediad.ctl import client
from mediad.ctl.client import connect
from mediad.errors import EnvelopeError, Forbidden, InvalidState, Unavailable
from mediad.protocols.envelope import Event, Message, Response, encode
from mediad.supervisor.admin.conversation import Answer
from tests.support.admin import admin_server


def handle(method: str, data: dict[str, Any]) -> Answer:
    return count(data["n"]) if method == "count" else answer(method, data)


async def count(n: int) -> AsyncGenerator[dict[str, Any], None]:
    for i in range(n):
        yield {"i": i}
    raise InvalidState("that is all")


async def answer(method: str, data: dict[str, Any]) -> dict[str, Any]:
    if method == "fail":
        raise InvalidState("not now")
    return {"method": method, "big": "x" * 300_000, **data}


@contextmanager
def strange_server(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            thread.join()


def test_questions_are_answered_in_turn(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with admin_server(path, handle):
        asking = connect(["/nonexistent/s", path])
        assert asking.call("status", {"n": 1})["n"] == 1
        with pytest.raises(InvalidState, match="not now"):
            asking.call("fail", {})
        assert asking.call("status", {"n": 2})["n"] == 2
        asking.close()


def test_a_stream_is_read_to_its_end(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with admin_server(path, handle):
        asking = connect([path])
        stream = asking.stream("count", {"n": 2})
        assert [next(stream), next(stream)] == [{"i": 0}, {"i": 1}]
        with pytest.raises(InvalidState, match="that is all"):
            next(stream)
        assert asking.call("status", {"n": 1})["n"] == 1
        asking.close()


def test_a_stream_waits_as_long_as_it_takes(tmp_path: Path) -> None:
    messages: tuple[Message, ...] = (
        Event("other", {}),
        Event("events", {"i": 1}),
        Response(1, True, {}),
    )
    path = tmp_path / "s"
    with strange_server(path, lambda sock: sock.sendall(b"".join(encode(one) for one in messages))):
        asking = connect([str(path)])
        stream = asking.stream("events", {})
        assert next(stream) == {"i": 1}
        assert asking._sock.gettimeout() is None
        assert list(stream) == []
        asking.close()


def test_a_stream_that_breaks_off_is_no_end(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with strange_server(path, lambda connection: connection.sendall(encode(Event("events", {"i": 1})))):
        asking = connect([str(path)])
        stream = asking.stream("events", {})
        assert next(stream) == {"i": 1}
        with pytest.raises(EnvelopeError, match="hung up before it was done"):
            next(stream)
        asking.close()


def test_no_daemon(tmp_path: Path) -> None:
    left_behind = tmp_path / "left"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(left_behind))
    missing = str(tmp_path / "missing")
    with pytest.raises(Unavailable) as caught:
        connect([missing, str(left_behind)])
    assert str(caught.value) == f"mediad is not running: nobody answers at {missing} or {left_behind}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_else_is_told_so() -> None:
    with tempfile.TemporaryDirectory() as folder, admin_server(f"{folder}/s", handle):
        os.chmod(folder, 0o755)  # anybody may come this far
        path = f"{folder}/s"
        assert os.stat(path).st_mode & 0o777 == 0o600
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.setuid(65534)
                connect([path])
            except Forbidden as error:
                status = 0 if "run mediactl as root" in str(error) else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "hung up without an answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "exceeds"),
        (encode(Event("x", {})) + encode(Response(99, True, {})), "hung up without an answer"),
    ],
)
def test_answers_that_are_none(tmp_path: Path, answer: bytes, reason: str) -> None:
    path = tmp_path / "s"
    with strange_server(path, lambda connection: connection.sendall(answer)):
        asking = connect([str(path)])
        with pytest.raises(EnvelopeError, match=reason):
            asking.call("status", {})
        asking.close()


def test_silence_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_TIMEOUT_S", 0.05)
    path = tmp_path / "s"
    with strange_server(path, lambda connection: _wait_for_end(connection)):
        asking = connect([str(path)])
        with pytest.raises(EnvelopeError, match=r"did not answer within 0\.05 s"):
            asking.call("status", {})
        asking.close()


def _wait_for_end(connection: socket.socket) -> None:
    while connection.recv(1):
        pass
