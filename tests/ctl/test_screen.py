"""A picture in place on a terminal, and one below the other in a file."""

from __future__ import annotations

import io
import os
import shutil
import signal

import pytest

from mediad.ctl.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_drawn_over_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_args, **_options: os.terminal_size((4, 2)))
    out = Terminal()
    with Screen(out) as screen:
        assert screen.lines == 2
        screen.draw("a long line\nb\nc")
        with pytest.raises(KeyboardInterrupt), screen:
            raise KeyboardInterrupt
    text = out.getvalue()
    assert text.startswith("\x1b[?1049h")
    assert "\x1b[Ha lo\x1b[K\r\nb\x1b[K\x1b[J" in text
    assert text.endswith("\x1b[?1049l")


def test_an_end_from_outside_gives_the_terminal_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    out = Terminal()
    with pytest.raises(SystemExit) as caught, Screen(out):
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.code == 128 + signal.SIGTERM
    assert out.getvalue().endswith("\x1b[?1049l")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_file_gets_one_below_the_other() -> None:
    out = io.StringIO()
    with Screen(out) as screen:
        assert screen.lines is None
        screen.draw("one\ntwo")
        screen.draw("three")
    assert out.getvalue() == "one\ntwo\n\nthree\n"
