"""Log lines: their form, their context, and that no client can forge one."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mediad import logs
from mediad.logs.configuration import choose_form
from mediad.logs.limit import WARNING_BUDGET


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


def lines_of(form: str, level: str = "debug", **context: object) -> io.StringIO:
    stream = io.StringIO()
    logs.setup(level, form, stream, **context)
    return stream


def test_text_line() -> None:
    stream = lines_of("text", worker=2)
    logs.bind("mediad.test", room="r1").bind(peer="ana").info("joined as %s", "Ana")
    stamp, level, *rest = stream.getvalue().split()
    assert (stamp[10], stamp[-1], level) == ("T", "Z", "info")
    assert rest == ["worker=2", "room=r1", "peer=ana", "joined", "as", "Ana"]


def test_json_line() -> None:
    stream = lines_of("json")
    logging.getLogger("mediad.test").warning("lost", extra={"room": "r1", "peer": None, "other": 1})
    entry = json.loads(stream.getvalue())
    assert entry.pop("time").endswith("Z")
    assert entry == {"level": "warning", "logger": "mediad.test", "message": "lost", "room": "r1"}


def test_context_given_with_a_line_wins() -> None:
    stream = lines_of("text")
    logs.bind("mediad.test", room="r1").info("x", extra={"room": "r2"})
    assert "room=r2" in stream.getvalue()
    assert "r1" not in stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_one_event_is_one_line(form: str) -> None:
    stream = lines_of(form)
    logs.bind("mediad.test", peer="a\nb").info("name %s", "x\r\n2000-01-01 error forged \x1b[2J\u2028")
    text = stream.getvalue()
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_bug_carries_its_traceback(form: str) -> None:
    stream = lines_of(form)
    try:
        raise ValueError("deep")
    except ValueError:
        logging.getLogger("mediad.test").exception("failed")
    text = stream.getvalue()
    assert "ValueError: deep" in text
    if form == "text":
        assert all(line.startswith("    ") for line in text.splitlines()[1:])
    else:
        assert "ValueError: deep" in json.loads(text)["exception"]


def test_level_can_change_while_running() -> None:
    stream = lines_of("text", "error")
    logger = logging.getLogger("mediad.test")
    logger.info("hidden")
    logs.set_level("info")
    logger.info("shown")
    logs.set_level("none")
    logger.critical("hidden")
    assert stream.getvalue().count("\n") == 1
    assert "shown" in stream.getvalue()


def test_libraries_stay_quiet_at_info() -> None:
    stream = lines_of("text", "info")
    logging.getLogger("uvicorn.error").info("Started server process")
    logging.getLogger("uvicorn.error").warning("odd")
    assert stream.getvalue().count("\n") == 1


def test_counts_tell_what_was_logged_and_what_was_not() -> None:
    lines_of("text", "info")
    logger = logging.getLogger("mediad.test")
    logger.debug("hidden")
    logger.warning("one")
    logger.critical("two")
    for _ in range(int(WARNING_BUDGET.burst) + 2):
        logger.error("again")
    counted = logs.counts()
    assert counted.lines["warning"] == 1
    assert counted.lines["error"] == 1 + WARNING_BUDGET.burst
    assert counted.lines["debug"] == 0
    assert counted.left_out["rate"] >= 1
    assert counted.left_out["reader"] == 0


def test_under_systemd_the_journal_gets_fields(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        there = os.fstat(stderr.fileno())
        assert choose_form({"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}) == "journal"
        assert choose_form({"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino + 1}"}) == "text"
        assert choose_form({}) == "text"
    assert choose_form({"JOURNAL_STREAM": "1:1"}) == "text"  # it is closed now


def test_a_process_ends_with_everything_logged() -> None:
    """Many last lines arrive even when their reader is slow."""
    code = (
        "import logging; from mediad import logs; logs.setup('info', 'text');"
        "[logging.getLogger('x').info('line %d', i) for i in range(900)]"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [line.rsplit(" ", 1)[1] for line in ended.stderr.splitlines()] == [str(i) for i in range(900)]


def test_without_journald_the_log_is_text() -> None:
    code = (
        "import logging; from mediad.logs import configuration as c; c.JOURNAL_SOCKET = '/nowhere';"
        "c.setup('info', 'journal'); logging.getLogger('x').info('hello')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, hello = ended.stderr.splitlines()
    assert told.endswith("there is no journald here: the log is text on standard error")
    assert hello.endswith("hello")
