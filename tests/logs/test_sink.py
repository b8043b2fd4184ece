"""The sink never makes anybody wait, and says what it lost."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from mediad.logs.sink import Sink, to_descriptor, to_journal


class Gate:
    """A place to write that can be shut, as a pipe is that nobody reads."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.open = threading.Event()
        self.entered = threading.Event()
        self.fails = False

    def write(self, line: bytes) -> None:
        self.entered.set()
        assert self.open.wait(10)
        if self.fails:
            raise OSError("no reader")
        self.written.append(line)


def say(text: str) -> bytes:
    return text.encode()


def test_lines_arrive_in_order() -> None:
    gate = Gate()
    gate.open.set()
    sink = Sink(gate.write, say)
    for i in range(100):
        sink.put(b"%d" % i)
    assert sink.flush()
    assert gate.written == [b"%d" % i for i in range(100)]
    sink.close()
    sink.put(b"late")
    assert sink.lost == 1


def test_nobody_waits_for_a_reader_that_has_stopped() -> None:
    gate = Gate()
    sink = Sink(gate.write, say, max_lines=3)
    sink.put(b"0")
    assert gate.entered.wait(10)  # it hangs in there; the queue is empty again
    for i in range(1, 8):
        sink.put(b"%d" % i)
    assert not sink.flush(timeout_s=0)
    assert sink.lost == 4
    gate.open.set()
    assert sink.flush(10)
    lines = [line.decode() for line in gate.written]
    assert sorted(line for line in lines if line.isdigit()) == ["0", "1", "2", "3"]
    assert "4 lines not logged: the log was not read fast enough" in lines
    sink.close()


def test_a_line_that_cannot_be_written_is_lost_and_nothing_else() -> None:
    gate = Gate()
    gate.open.set()
    gate.fails = True
    sink = Sink(gate.write, say)
    sink.put(b"1")
    assert sink.flush(10)
    assert sink.lost == 1
    gate.fails = False
    sink.put(b"2")
    assert sink.flush(10)
    assert gate.written == [b"2"]
    sink.close()


@pytest.mark.parametrize("blocking", [True, False])
def test_writing_to_a_descriptor(blocking: bool) -> None:
    """A line larger than the pipe holds is written whole, as it is read."""
    reader, writer = os.pipe()
    os.set_blocking(writer, blocking)
    line = bytes(range(256)) * 1024
    thread = threading.Thread(target=to_descriptor(writer), args=(line,))
    thread.start()
    read = b""
    while len(read) < len(line):
        read += os.read(reader, 65536)
    thread.join(10)
    assert read == line
    os.close(reader)
    os.close(writer)


def test_journald_may_be_restarted(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    write = to_journal(path)
    with pytest.raises(OSError, match="No such file"):
        write(b"1")
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
            journald.bind(path)
            write(b"2")
            assert journald.recv(100) == b"2"
        os.unlink(path)
