"""The writer: jobs in order, errors told, and a disk that hangs is noticed."""

from __future__ import annotations

import errno
import threading

import pytest

from mediad.recorder.files.writer import MAX_QUEUED_BYTES, MAX_WAIT_US, TooSlow, Writer, end_of
from tests.support.loops import on_loop, until


def wait(event: threading.Event) -> None:
    event.wait()


@on_loop
async def test_jobs_are_done_in_order_and_told() -> None:
    errors: list[Exception] = []
    done: list[int] = []
    writer = Writer(errors.append)
    for number in range(3):
        writer.put(lambda number=number: done.append(number), 10, 1)  # type: ignore[misc]
    writer.put(lambda: done.append(1 // 0), 5, 1, lambda: done.append(99))
    assert await writer.call(lambda: list(done)) == [0, 1, 2]
    await until(lambda: writer.queued_bytes == 0 and len(done) == 4)
    assert done[-1] == 99
    assert [type(error) for error in errors] == [ZeroDivisionError]
    with pytest.raises(ZeroDivisionError):
        await writer.call(lambda: 1 // 0)
    writer.end()


@on_loop
async def test_a_disk_that_hangs_is_noticed() -> None:
    writer = Writer(lambda error: None)
    hangs = threading.Event()
    writer.put(lambda: wait(hangs), 1, 1_000)
    await until(lambda: writer._begun_us is not None)
    writer.put(lambda: None, 1, 1_000 + MAX_WAIT_US)
    with pytest.raises(TooSlow, match="has not taken anything for 10 s"):
        writer.put(lambda: None, 1, 1_001 + MAX_WAIT_US)
    writer.put(lambda: None, 0, 1_001 + MAX_WAIT_US)  # the end of a file is never refused
    hangs.set()
    writer.end()


@on_loop
async def test_no_more_waits_than_fits() -> None:
    writer = Writer(lambda error: None)
    hangs = threading.Event()
    writer.put(lambda: wait(hangs), MAX_QUEUED_BYTES, 1)
    with pytest.raises(TooSlow, match="64 MiB wait for the disk"):
        writer.put(lambda: None, 1, 1)
    hangs.set()
    await until(lambda: writer.queued_bytes == 0)
    writer.end()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "disk-full"),
        (OSError(errno.EFBIG, "File too large"), "file-size"),
        (FileNotFoundError(errno.ENOENT, "gone"), "directory-gone"),
        (OSError(errno.EIO, "Input/output error"), "disk-error"),
        (TooSlow("64 MiB wait"), "disk-slow"),
        (ValueError("x"), "bug"),
    ],
)
def test_each_error_ends_a_recording_with_its_code(error: Exception, code: str) -> None:
    found, reason = end_of(error, "/d")
    assert found == code
    assert reason.startswith("/d: ")
