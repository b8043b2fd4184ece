"""Instructions per forwarded packet, counted by callgrind: the same on a busy machine and on an idle one.

Counting is on inside `engine_receive` alone: from a datagram in its slot to its copies in the outbox.
Python, the test window's own copying and the kernel are outside.

Run by itself this file is the program that callgrind watches: it forwards `packets` and prints how many left.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench import video
from tests.bench.scene import Scene, key_of, outbound
from tests.support.imports import ROOT
from tests.windows.engine import EngineWindow

CONSUMERS = 50
PACKETS = 200
WARM_UP = 40  # the key frame, and whatever the first packets set up
COUNTED = "__pyx_f_6mediad_9_fastpath_6engine_7ingress_5demux_engine_receive"
SOURCE_PORT = 40_000


@dataclass(frozen=True, slots=True)
class Counted:
    """Instructions per datagram that left: all of them, and those outside libsrtp and libcrypto."""

    total: float
    own: float


def forward(profile: str | None) -> int:
    engine = EngineWindow(packet_slots=4096)
    sinks = [SOURCE_PORT + 1 + index for index in range(CONSUMERS)]
    scene = Scene(engine, source_port=SOURCE_PORT, sink_ports=sinks, profile=profile)
    datagrams = list(video.packets(range(WARM_UP + PACKETS)))
    if profile:
        session = outbound(profile, key_of(profile))
        datagrams = [session.protect(data) for data in datagrams]
    engine.forward_many(0, "127.0.0.1", SOURCE_PORT, datagrams[:WARM_UP], 2_000_000)
    sent: int = engine.forward_many(0, "127.0.0.1", SOURCE_PORT, datagrams[WARM_UP:], 2_100_000)
    del engine, scene
    return sent


def count(profile: str | None) -> Counted:
    """Raises RuntimeError when valgrind is missing or the engine did not forward everything."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind.out")
        result = subprocess.run(
            [
                *("valgrind", "--tool=callgrind", "--quiet", f"--toggle-collect={COUNTED}"),
                *("--collect-atstart=no", f"--callgrind-out-file={out}"),
                *(sys.executable, "-m", "tests.bench.instructions", profile or "clear"),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise RuntimeError(result.stderr)
        forwarded = json.loads(result.stdout)
        total, own = read_costs(out.read_text())
    if forwarded != PACKETS * CONSUMERS:
        raise RuntimeError(f"{forwarded} datagrams left, expected {PACKETS * CONSUMERS}")
    packets = (PACKETS + WARM_UP) * CONSUMERS
    return Counted(total / packets, own / packets)


def read_costs(profile: str) -> tuple[int, int]:
    """The instructions of a callgrind file: all, and those of objects that are not crypto."""
    total = own = 0
    names: dict[str, str] = {}
    mine = True
    skip = False
    for line in profile.splitlines():
        if match := re.match(r"ob=(\(\d+\))(?: (.*))?", line):
            name = names.setdefault(match[1], match[2] or "")
            mine = not re.search(r"srtp|crypto|ssl", name, re.IGNORECASE)
        elif match := re.match(r"cob=(\(\d+\))(?: (.*))?", line):
            names.setdefault(match[1], match[2] or "")
        elif line.startswith("calls="):
            skip = True  # the line after it repeats the callee's cost
        elif match := re.match(r"[+\-*\d]\S* (\d+)$", line):
            if not skip:
                total += int(match[1])
                own += int(match[1]) if mine else 0
            skip = False
    return total, own


if __name__ == "__main__":
    print(forward(None if sys.argv[1] == "clear" else sys.argv[1]))
