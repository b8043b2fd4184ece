"""Limits of time: whatever waits is interrupted, and what follows goes on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from tests.support.time_limit import describe_processes, describe_threads, time_limit

ROOT = Path(__file__).parents[2]
SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def wait_for_lock() -> None:
    threading.Event().wait()


def wait_for_process() -> None:
    with subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL) as process:
        try:
            process.wait()
        finally:
            process.kill()


def wait_on_asyncio() -> None:
    asyncio.run(asyncio.sleep(600))


def wait_on_uvloop() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.sleep(600))


def wait_for_bytes() -> None:
    reader, _writer = os.pipe()
    os.read(reader, 1)


@pytest.mark.parametrize(
    "wait", [wait_for_lock, wait_for_process, wait_on_asyncio, wait_on_uvloop, wait_for_bytes]
)
def test_whatever_waits_is_interrupted(wait: Callable[[], None]) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match=r"the wait took longer than 0\.2 s"),
        time_limit(0.2, "the wait"),
    ):
        wait()


def test_a_limit_ends_with_its_block() -> None:
    with time_limit(0.2, "the block"):
        pass
    time.sleep(0.4)


def nested_waits() -> None:
    with pytest.raises(pytest.fail.Exception, match="the inner wait"), time_limit(0.1, "the inner wait"):
        time.sleep(600)
    time.sleep(600)


def test_of_nested_limits_each_is_kept() -> None:
    with pytest.raises(pytest.fail.Exception, match="the outer wait"), time_limit(0.3, "the outer wait"):
        nested_waits()


def test_a_failure_tells_of_threads_and_processes(tmp_path: Path) -> None:
    ended = threading.Event()

    def waiting_thread() -> None:
        ended.wait()

    thread = threading.Thread(target=waiting_thread, name="patient")
    thread.start()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(SLEEPER, stdout=subprocess.PIPE, stderr=log)
    try:
        (tmp_path / "log").write_text("its last words")
        assert process.stdout is not None
        process.stdout.readline()
        threads, processes = describe_threads(), describe_processes()
    finally:
        ended.set()
        process.kill()
        process.communicate()
    assert "thread patient" in threads
    assert "in waiting_thread" in threads
    assert f"{process.pid} sleeping" in processes
    assert f"stacks of {process.pid}" in processes
    assert "its last words" in processes


HANGING = """
import pytest, time

@pytest.fixture(scope="module")
def stubborn():
    yield
    time.sleep(600)

def test_call(stubborn):
    time.sleep(600)

def test_end(stubborn):
    pass
"""


def test_a_test_that_hangs_costs_neither_the_others_nor_the_summary(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    limits = (ROOT / "tests" / "conftest.py").read_text().replace("LIMIT_S = 300.0", "LIMIT_S = 0.5")
    (folder / "conftest.py").write_text(limits)
    (folder / "test_first.py").write_text(HANGING)
    (folder / "test_second.py").write_text("def test_good():\n    pass\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "test_call took longer than 0.5 s" in run.stdout, run.stdout
    assert "the end of test_first.py::test_end took longer than 0.5 s" in run.stdout, run.stdout
    assert "1 failed, 2 passed, 1 error" in run.stdout.splitlines()[-1]
