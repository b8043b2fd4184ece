"""Runs the page's own unit tests: what in it is plain logic is tested by node, without a browser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SUITES = sorted(Path(__file__).parent.glob("*.test.mjs"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_suite_passes(suite: Path) -> None:
    run = subprocess.run(
        ["node", "--test", str(suite)], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_suite_is_found() -> None:
    names = {path.name.removesuffix(".test.mjs") for path in SUITES}
    assert {"layout", "retry", "ice-recovery", "options", "encodings", "roster", "receiver"} <= names
