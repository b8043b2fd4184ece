"""Measures for a worker that grows, second by second."""

from __future__ import annotations

from mediad.supervisor.workers.memory_watch import RELIEF_S, REPLACE_S, Measure, MemoryWatch

LIMIT = 1000


def seconds(watch: MemoryWatch, rss: int, count: float, start_s: float = 0.0) -> list[Measure]:
    return [watch.look(rss, LIMIT, start_s + second) for second in range(round(count) + 1)]


def test_below_the_limit_nothing_happens() -> None:
    watch = MemoryWatch()
    assert set(seconds(watch, 849, 1000)) == {Measure.NOTHING}
    assert not watch.short


def test_near_the_limit_nothing_new_is_let_in_and_nobody_has_to_go() -> None:
    watch = MemoryWatch()
    assert seconds(watch, 1000, 3600) == [Measure.TRIM] + [Measure.NOTHING] * 3600
    assert watch.short
    watch.look(801, LIMIT, 4000)
    assert watch.short, "it does not flutter"
    watch.look(799, LIMIT, 4001)
    assert not watch.short


def test_over_the_limit_the_largest_room_goes_and_at_last_the_worker() -> None:
    watch = MemoryWatch()
    told = seconds(watch, 1001, REPLACE_S)
    assert told[0] is Measure.TRIM
    relieved = [second for second, measure in enumerate(told) if measure is Measure.RELIEVE]
    assert relieved == [10, 20, 30, 40, 50]
    assert told[-1] is Measure.REPLACE
    assert Measure.REPLACE not in told[:-1]


def test_a_worker_that_was_relieved_starts_anew() -> None:
    watch = MemoryWatch()
    seconds(watch, 1001, RELIEF_S)
    watch.look(900, LIMIT, 11)
    assert watch.short
    assert Measure.REPLACE not in seconds(watch, 1001, REPLACE_S - 1, start_s=12)


def test_without_a_limit_nothing_is_short() -> None:
    watch = MemoryWatch()
    watch.look(900, LIMIT, 0)
    assert watch.look(10**12, 0, 1) is Measure.NOTHING
    assert not watch.short
