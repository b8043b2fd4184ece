"""The size of this node: how many rooms and peers its workers, descriptors and memory can hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mediad import capacity

PEER_BYTES = 256 * 1024
"""The memory that a peer with two transports and four tracks takes, in supervisor and worker together."""

_USED_BY_PEERS = 0.75
"""The part of all memory that peers may take."""

_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class NodeSize:
    """The measures of a node."""

    workers: int
    connections: int
    """The connections that its descriptors suffice for; each client needs one."""
    memory_bytes: int
    """The memory of the machine, or of its part that this process may use."""

    @property
    def rooms(self) -> int:
        """The most rooms: each has at least one client."""
        return min(self.workers * capacity.ROOMS, self.peers)

    @property
    def peers(self) -> int:
        """The most peers."""
        by_memory = int(self.memory_bytes * _USED_BY_PEERS) // PEER_BYTES
        return max(1, min(self.workers * capacity.PEERS, self.connections, by_memory))


def memory_bytes(cgroups: Path = _CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """Return the memory of this machine, or what systemd or a container leaves us of it (MemoryMax=)."""
    total_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        below = own.read_text().strip().rpartition(":")[2].lstrip("/")
    except OSError:
        return total_bytes
    folder = cgroups / below
    for place in (folder, *folder.parents):
        if not place.is_relative_to(cgroups):
            break
        try:
            total_bytes = min(total_bytes, int((place / "memory.max").read_text()))
        except (OSError, ValueError):  # there is no such file, or it says "max"
            continue
    return total_bytes
