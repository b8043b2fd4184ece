"""Datagrams the kernel dropped because a socket's receive buffer was full, from /proc/net/udp and udp6.

The media thread cannot count these: it never sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_TABLES = ("/proc/net/udp", "/proc/net/udp6")


class DropCount:
    """The drops on some ports since the first look, however often their sockets were closed and opened again.

    What a socket dropped between the last look and its end is not known any more.
    """

    def __init__(self) -> None:
        self._total = 0
        self._seen: dict[int, int] = {}

    def look(self, ports: range, drops: Mapping[int, int]) -> int:
        """Return the total, after a look at `drops`, which are by port."""
        seen = {port: drops[port] for port in ports if port in drops}
        for port, count in seen.items():
            before = self._seen.get(port, 0)
            self._total += count - before if count >= before else count
        self._seen = seen
        return self._total


def drops_by_port() -> dict[int, int]:
    """Drops by local port, of all its sockets since each was opened; {} where there is no such table."""
    drops: dict[int, int] = {}
    for table in _TABLES:
        try:
            text = Path(table).read_text()
        except OSError:
            continue
        for port, dropped in parse(text):
            drops[port] = drops.get(port, 0) + dropped
    return drops


def parse(text: str) -> list[tuple[int, int]]:
    """(local port, drops) of each row of such a table; proc(5). Rows of another shape are skipped."""
    rows = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        try:
            rows.append((int(fields[1].rpartition(":")[2], 16), int(fields[12])))
        except (IndexError, ValueError):
            continue
    return rows
