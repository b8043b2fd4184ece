"""Hypothesis strategies for the order in which a network delivers what was sent in order."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.windows.receiving import Receiver


@st.composite
def disordered(draw: st.DrawFn, count: int, *, displacement: int, losses: bool) -> list[int]:
    """0 … count - 1 as they arrive: a few come up to `displacement` places late, and some never."""
    late = draw(st.dictionaries(st.integers(0, max(count - 1, 0)), st.integers(1, displacement), max_size=12))
    lost = draw(st.sets(st.integers(0, max(count - 1, 0)), max_size=12)) if losses else set()
    numbers = [number for number in range(count) if number not in lost]
    return sorted(numbers, key=lambda number: number + late.get(number, 0) + (0.5 if number in late else 0))


def run(receiver: Receiver, *sequence_numbers: int) -> list[tuple[int, int]]:
    """Let packets of these numbers arrive, and return what the receiver says of each."""
    return [receiver.packet(number) for number in sequence_numbers]
