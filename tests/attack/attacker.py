"""An attack in a process of its own: `python -m tests.attack.attacker NAME SECONDS`, its target on stdin.

All attackers share one core, the last: the others are for who is attacked.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from contextlib import suppress

from tests.attack.attacks import ATTACKS
from tests.attack.target import Outcome, Target
from tests.support.imports import ROOT

PATIENCE_S = 60.0
"""The time that an attack may take to end, beyond its own."""


class Attacker:
    """An attack that is ready, and then runs."""

    def __init__(self, name: str, target: Target, seconds: float) -> None:
        self.name = name
        self._seconds = seconds
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attack.attacker", name, str(seconds)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._say(target.to_json())

    def begin(self) -> None:
        """Wait until it is ready, and let it begin."""
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self._say("go")

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # `outcome` has its last words
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def outcome(self) -> Outcome:
        """Wait for its end."""
        try:
            said, wrong = self._process.communicate(timeout=self._seconds + PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            said, wrong = self._process.communicate()
        if self._process.returncode != 0 or not said.strip():
            raise RuntimeError(
                f"the attack {self.name} broke off ({self._process.returncode}):\n{wrong[-2000:]}"
            )
        return Outcome.from_json(said.strip().splitlines()[-1])


def main() -> None:
    name, seconds = sys.argv[1], float(sys.argv[2])
    target = Target.from_json(sys.stdin.readline())
    if len(cores := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(0, cores[-1:])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print("ready", flush=True)
    sys.stdin.readline()
    print(ATTACKS[name].run(target, seconds).to_json(), flush=True)


if __name__ == "__main__":
    main()
