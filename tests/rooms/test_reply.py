"""A reply's answer goes first, whoever spells it."""

from __future__ import annotations

import pytest

from mediad.rooms.reply import Reply


def test_what_follows_comes_right_behind_the_answer() -> None:
    said: list[str] = []
    Reply("answer", lambda: said.append("rule")).deliver(said.append)
    assert said == ["answer", "rule"]


def test_spelling_an_answer_keeps_what_follows() -> None:
    said: list[str] = []
    reply = Reply(7, lambda: said.append("rule")).spelled(str).spelled(lambda text: f"id {text}")
    assert said == []
    reply.deliver(said.append)
    assert said == ["id 7", "rule"]


def test_an_answer_nobody_waits_for_has_its_consequences() -> None:
    said: list[str] = []
    Reply(None, lambda: said.append("rule")).deliver(lambda answer: None)
    assert said == ["rule"]


def test_an_answer_that_cannot_be_spelled_has_none() -> None:
    said: list[str] = []
    with pytest.raises(ValueError, match="seven"):
        Reply("seven", lambda: said.append("rule")).spelled(int)
    assert said == []
