"""Exit codes are a promise to scripts."""

from __future__ import annotations

from mediad.ctl.exits import CtlExit


def test_exit_codes_are_the_documented_ones() -> None:
    assert [code.value for code in CtlExit] == [0, 1, 2, 3, 4, 5, 130]
