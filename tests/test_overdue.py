from __future__ import annotations

from mediad.overdue import Overdue


def test_everybody_gets_the_same_time_from_when_it_was_asked() -> None:
    waiting: Overdue[str] = Overdue(30)
    assert waiting.get_timer() is None
    waiting.expect("a", 0)
    waiting.expect("b", 10)
    assert waiting.get_timer() == 30
    assert waiting.take_due(29) == []
    assert waiting.take_due(30) == ["a"]
    assert waiting.take_due(30) == []
    assert waiting.take_due(100) == ["b"]
    assert len(waiting) == 0


def test_who_is_asked_again_begins_again() -> None:
    waiting: Overdue[str] = Overdue(30)
    waiting.expect("a", 0)
    waiting.expect("b", 5)
    waiting.expect("a", 20)
    assert waiting.take_due(49) == ["b"]
    assert waiting.take_due(50) == ["a"]


def test_who_has_met_it_is_not_told() -> None:
    waiting: Overdue[str] = Overdue(30)
    waiting.expect("a", 0)
    waiting.met("a")
    waiting.met("never asked")
    assert waiting.get_timer() is None
    assert waiting.take_due(1000) == []
