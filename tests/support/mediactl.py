"""mediactl as a process, as an operator's script runs it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.support.daemon import ROOT, clean_environment


@dataclass(frozen=True)
class Said:
    """The exit code and the output of a mediactl."""

    code: int
    out: str
    err: str

    def row(self, first: str) -> list[str]:
        """The words of the line that begins with `first`."""
        return next(line.split() for line in self.out.splitlines() if line.split()[:1] == [first])


def run_mediactl(admin_socket: str, *words: str) -> Said:
    """Run it to its end."""
    result = subprocess.run(
        [sys.executable, "-m", "mediad.ctl.main", "--admin-socket", admin_socket, *words],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(result.returncode, result.stdout, result.stderr)


async def mediactl(admin_socket: str, *words: str) -> Said:
    return await asyncio.to_thread(run_mediactl, admin_socket, *words)


async def ask_mediactl(admin_socket: str, *words: str) -> dict[str, Any]:
    """Return the answer of mediactl with --json."""
    said = await mediactl(admin_socket, *words, "--json")
    assert said.code == 0, said.err
    return dict(json.loads(said.out))
