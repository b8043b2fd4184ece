"""The size of a node: the scarcest of workers, descriptors and memory."""

from __future__ import annotations

from pathlib import Path

from mediad import capacity
from mediad.supervisor.front.node_size import PEER_BYTES, NodeSize, memory_bytes

GIB = 2**30


def test_the_scarcest_decides() -> None:
    assert NodeSize(2, 10**6, 2**40).peers == 2 * capacity.PEERS
    assert NodeSize(2, 900, 2**40).peers == NodeSize(2, 900, 2**40).rooms == 900
    assert NodeSize(64, 10**6, 4 * GIB).peers == 3 * GIB // PEER_BYTES
    assert NodeSize(1, 0, 0).peers == 1


def test_the_memory_of_a_control_group_counts(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/system.slice/mediad.service\n")
    folder = tmp_path / "fs" / "system.slice" / "mediad.service"
    folder.mkdir(parents=True)
    machine_bytes = memory_bytes(tmp_path / "fs", own)
    assert machine_bytes > 2**26
    (folder / "memory.max").write_text("max\n")
    assert memory_bytes(tmp_path / "fs", own) == machine_bytes
    (folder.parent / "memory.max").write_text(f"{2**26}\n")
    assert memory_bytes(tmp_path / "fs", own) == 2**26
    assert memory_bytes(tmp_path / "fs", tmp_path / "missing") == machine_bytes
