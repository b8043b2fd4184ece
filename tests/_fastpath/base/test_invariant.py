"""A broken invariant ends the process at once and says where."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.support.imports import ROOT

PROGRAM = "from tests.windows.values import assert_that; assert_that({}); print('went on')"


def run(condition: bool) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(condition)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_holds_costs_nothing() -> None:
    assert run(True).stdout == "went on\n"


def test_what_does_not_hold_aborts() -> None:
    result = run(False)
    assert result.returncode == -signal.SIGABRT
    assert result.stdout == ""
    assert "tests/windows/values" in result.stderr
    assert "invariant broken: " in result.stderr
