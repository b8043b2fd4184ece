"""The outbox: nothing is lost that need not be, whoever goes away."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from mediad.telemetry import outbox as outbox_module
from mediad.telemetry.outbox import Outbox


def numbered(outbox: Outbox, count: int = 1000) -> list[int]:
    return [json.loads(event)["seq"] for event in outbox.peek(count)[0]]


def filled(outbox: Outbox, *numbers: int) -> Outbox:
    for number in numbers:
        outbox.put({"seq": number})
    return outbox


def test_first_in_first_out() -> None:
    outbox = filled(Outbox(), 1, 2, 3)
    events, mark = outbox.peek(2)
    assert events == [b'{"seq": 1}', b'{"seq": 2}']
    assert len(outbox) == 3  # nothing goes before it has arrived
    outbox.taken(mark)
    outbox.taken(mark)
    assert numbered(outbox) == [3]


def test_the_oldest_go_when_there_are_too_many() -> None:
    told: list[int] = []
    outbox = filled(Outbox(limit=3, on_lost=told.append), 1, 2)
    _, mark = outbox.peek(2)
    filled(outbox, 3, 4)  # 1 goes, while it is on its way
    outbox.taken(mark)
    assert numbered(outbox) == [3, 4]
    assert (outbox.lost, told) == (1, [1])


def test_what_was_not_taken_is_there_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "outbox")
    first = filled(Outbox(path), 1, 2, 3)
    first.taken(first.peek(1)[1])
    first.close()
    second = Outbox(path)
    assert numbered(second) == [1, 2, 3]  # one of them again: at least once
    filled(second, 4)
    second.taken(second.peek(4)[1])
    assert os.path.getsize(path) == 0
    assert os.stat(path).st_mode & 0o777 == 0o600
    filled(second, 5).close()
    assert numbered(Outbox(path)) == [5]


def test_the_file_does_not_grow_with_what_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "COMPACT_LINES", 4)
    path = tmp_path / "outbox"
    outbox = filled(Outbox(str(path)), *range(10))
    outbox.taken(outbox.peek(5)[1])
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [5, 6, 7, 8, 9]
    filled(outbox, 10).close()
    assert numbered(Outbox(str(path))) == [5, 6, 7, 8, 9, 10]


def test_half_a_line_of_a_crash_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    path.write_text('{"seq": 1}\n{"se')
    outbox = Outbox(str(path))
    assert numbered(outbox) == [1]
    filled(outbox, 2).close()
    assert numbered(Outbox(str(path))) == [1, 2]


def test_a_file_of_an_earlier_run_is_bounded_too(tmp_path: Path) -> None:
    path = str(tmp_path / "outbox")
    filled(Outbox(path), *range(10)).close()
    outbox = Outbox(path, limit=4)
    assert (numbered(outbox), outbox.lost) == ([6, 7, 8, 9], 6)


def go_on_in_memory(outbox: Outbox) -> None:
    filled(outbox, 1, 2)
    assert numbered(outbox) == [1, 2]
    outbox.taken(outbox.peek(2)[1])
    assert len(outbox) == 0
    outbox.close()


def test_memory_goes_on_without_the_folder(caplog: pytest.LogCaptureFixture) -> None:
    go_on_in_memory(Outbox("/proc/no-such-folder/outbox"))
    assert "/proc/no-such-folder/outbox cannot be used: No such file or directory" in caplog.text


def test_memory_goes_on_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    outbox = Outbox(str(tmp_path / "outbox"))
    monkeypatch.setattr(os, "write", full)
    go_on_in_memory(outbox)
    assert "cannot be used: No space left on device" in caplog.text
