"""Reads what an input made run: `edges.c`, preloaded by scripts/fuzz, as Python sees it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator

LIBRARY = os.environ.get("MEDIAD_EDGES", "")
_ROOM = 256


class _Pair(ctypes.Structure):
    _fields_ = (("left", ctypes.c_uint64), ("right", ctypes.c_uint64), ("width_bytes", ctypes.c_uint64))


class Feedback:
    """The table of edges, of one process and one thread; without the library no input is news."""

    def __init__(self, *, watches_python: bool) -> None:
        self._edges = ctypes.PyDLL(LIBRARY) if LIBRARY else None
        self._python = int(watches_python)
        self._pairs = (_Pair * _ROOM)()

    def begin(self) -> None:
        """Watch what runs from here on."""
        if self._edges is not None:
            self._edges.edges_begin(self._python)

    def end(self) -> int:
        """Stop, and return how many edges ran for the first time, or more often than ever."""
        return int(self._edges.edges_end(self._python)) if self._edges is not None else 0

    def known(self) -> int:
        """Return how many edges ran since the process began."""
        return int(self._edges.edges_known()) if self._edges is not None else 0

    def solutions(self, data: bytes) -> Iterator[bytes]:
        """Yield the last input with one side of a comparison put where the other one stood."""
        if self._edges is None:
            return
        seen = set()
        for pair in self._pairs[: self._edges.edges_pairs(self._pairs, _ROOM)]:
            for old, new in ((pair.left, pair.right), (pair.right, pair.left)):
                for order in ("big", "little"):
                    change = _as_bytes(old, pair.width_bytes, order), _as_bytes(new, pair.width_bytes, order)
                    at = data.find(change[0])
                    if at >= 0 and change not in seen:
                        seen.add(change)
                        yield data[:at] + change[1] + data[at + len(change[0]) :]


def _as_bytes(value: int, width_bytes: int, order: str) -> bytes:
    """Return the value in its width; a small one in two bytes, as most fields of packets are."""
    shortest = max(1, (value.bit_length() + 7) // 8)
    width = min(width_bytes, 2 if shortest <= 2 and width_bytes > 2 else width_bytes)
    return (value & (1 << 8 * width) - 1).to_bytes(width, "big" if order == "big" else "little")
