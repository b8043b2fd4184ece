"""Rooms' requests on their way to a worker: nothing is refused, and everybody has his turn."""

from __future__ import annotations

from mediad.supervisor.workers.lanes import Lanes


def drained(lanes: Lanes[str]) -> list[str]:
    """Return the items that may be sent now."""
    taken = []
    while (item := lanes.take()) is not None:
        taken.append(item)
    return taken


def test_lanes_are_served_in_turn_and_each_in_its_order() -> None:
    lanes = Lanes[str](window=100, lane_window=100)
    for n in range(4):
        lanes.put("crowd", f"crowd {n}")
    lanes.put("quiet", "quiet 0")
    lanes.put("third", "third 0")
    assert drained(lanes) == ["crowd 0", "quiet 0", "third 0", "crowd 1", "crowd 2", "crowd 3"]


def test_a_lane_waits_behind_itself_alone() -> None:
    lanes = Lanes[str](window=6, lane_window=2)
    for n in range(10_000):
        lanes.put("crowd", f"crowd {n}")
    assert drained(lanes) == ["crowd 0", "crowd 1"]
    lanes.put("quiet", "quiet 0")
    assert drained(lanes) == ["quiet 0"], "at once, and not behind ten thousand"
    lanes.done("crowd")
    assert drained(lanes) == ["crowd 2"]
    assert len(lanes) == 9_997


def test_all_together_have_a_window() -> None:
    lanes = Lanes[str](window=3, lane_window=2)
    for n in range(2):
        for lane in "abc":
            lanes.put(lane, f"{lane}{n}")
    assert drained(lanes) == ["a0", "b0", "c0"]
    lanes.done("b")
    assert drained(lanes) == ["a1"], "whose turn it is decides, not whose place became free"
    lanes.done("a")
    lanes.done("a")
    assert drained(lanes) == ["b1", "c1"]


def test_what_is_left_can_be_taken_away() -> None:
    lanes = Lanes[str](window=1, lane_window=1)
    for n in range(3):
        lanes.put("a", f"a{n}")
    assert lanes.take() == "a0"
    assert lanes.clear() == ["a1", "a2"]
    lanes.done("a")
    assert lanes.take() is None
    lanes.put("a", "a3")
    assert lanes.take() == "a3"
