"""A bar on a terminal, lines in a file."""

from __future__ import annotations

import io
import os
import shutil

import pytest

from mediad.ctl.progress import WIDTH, ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drain(out: io.StringIO) -> str:
    with ProgressBar("draining", out) as bar:
        bar.update(0, 4, "4 rooms left")
        bar.update(0, 4, "4 rooms left")
        bar.update(2, 4, "2 rooms \x1b[2Jleft")
        bar.update(9, 4)
    return out.getvalue()


def test_a_terminal_sees_one_line_that_changes() -> None:
    text = drain(Terminal())
    assert text.count("\n") == 1
    assert text.endswith(f"\rdraining [{'#' * WIDTH}] 100%\x1b[K\n")
    assert f"[{'#' * (WIDTH // 2)}{'.' * (WIDTH // 2)}]  50%  2 rooms \\x1b[2Jleft" in text


def test_a_line_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_args, **_options: os.terminal_size((20, 5)))
    out = Terminal()
    with ProgressBar("draining", out) as bar:
        bar.update(1, 2, "a long story")
    assert out.getvalue() == f"\rdraining [{'#' * 9}\x1b[K\n"


def test_a_file_gets_a_line_a_step() -> None:
    assert drain(io.StringIO()).splitlines() == [
        "draining 0%  4 rooms left",
        "draining 50%  2 rooms \\x1b[2Jleft",
        "draining 100%",
    ]


def test_nothing_to_do_is_done() -> None:
    out = io.StringIO()
    with ProgressBar("draining", out) as bar:
        bar.update(0, 0)
    assert out.getvalue() == "draining 100%\n"


def test_nothing_said_leaves_nothing() -> None:
    out = Terminal()
    with ProgressBar("draining", out):
        pass
    assert out.getvalue() == ""
