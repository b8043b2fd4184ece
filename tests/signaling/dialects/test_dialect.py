"""The common part of all dialects: state, data and errors are judged around the handler."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mediad.errors import Forbidden, Full, InvalidInput, MediadError
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.rooms.throttling import WrongSecret
from mediad.rooms.unknown import Unknown
from mediad.signaling.dialects.dialect import Data, Dialect, Method, RequestFailed, Texts, Wire
from tests.support.calls import Call, run, told
from tests.support.imports import ROOT
from tests.support.listeners import RecordingListener


class Number(Data):
    the_number: int


async def double(seat: Seat, data: Number) -> Reply[Any]:
    return Reply(2 * data.the_number)


def dialect(method: Method) -> Dialect:
    def listener(wire: Wire, version: str) -> RecordingListener:
        return RecordingListener()

    texts = Texts("what is {}?", "join first", "who?", lambda error: f"no {error.kind} {error.entity_id}")
    return Dialect({"double": method}, {"note": method}, texts, listener)


async def failure(method: Method, seat: Seat, data: Any, name: str = "double") -> tuple[int, str, bool]:
    with pytest.raises(RequestFailed) as caught:
        await dialect(method).handle(seat, name, data)
    return caught.value.code, str(caught.value), caught.value.violation


def test_a_request_finds_its_row() -> None:
    async def scenario(call: Call) -> None:
        seat = (await call.member("ana")).seat
        method = Method(double, Number)
        assert told(await dialect(method).handle(seat, "double", {"theNumber": 4, "more": 1})) == 8
        unknown = (500, "what is " + "x" * 100 + "?", True)
        assert await failure(method, seat, {}, "x" * 200) == unknown

    run(scenario)


def test_state_is_judged_before_data() -> None:
    async def scenario(call: Call) -> None:
        member, stranger = (await call.member("ana")).seat, (await call.connect("ben")).seat
        assert await failure(Method(double, Number), stranger, None) == (500, "join first", False)
        early = Method(double, Number, joined=False)
        assert await failure(early, member, None) == (500, "Peer already joined", False)
        for seat in (member, stranger):
            code, reason, violation = await failure(Method(double, Number, joined=None), seat, {})
            assert (code, violation) == (500, True)
            assert reason.startswith("double: ")
            assert "theNumber" in reason

    run(scenario)


@pytest.mark.parametrize(
    ("error", "code"),
    [(Forbidden, 403), (WrongSecret, 403), (Full, 503), (InvalidInput, 500), (MediadError, 500)],
)
def test_what_rooms_raise_is_answered(error: type[MediadError], code: int) -> None:
    async def fail(seat: Seat, data: Data) -> Reply[Any]:
        raise error("because")

    async def scenario(call: Call) -> None:
        seat = (await call.member("ana")).seat
        guessed = error is WrongSecret
        assert await failure(Method(fail, Data), seat, {}) == (code, "because", guessed)

    run(scenario)


def test_an_id_that_names_nothing_is_told_in_the_dialects_words() -> None:
    async def fail(seat: Seat, data: Data) -> Reply[Any]:
        raise Unknown("consumer", "7")

    async def scenario(call: Call) -> None:
        seat = (await call.member("ana")).seat
        assert await failure(Method(fail, Data), seat, {}) == (500, "no consumer 7", False)

    run(scenario)


def test_a_notification_finds_its_row_in_its_own_table() -> None:
    async def scenario(call: Call) -> None:
        member, stranger = (await call.member("ana")).seat, (await call.connect("ben")).seat
        spoken = dialect(Method(double, Number))
        assert told(await spoken.hear(member, "note", {"theNumber": 4})) == 8
        for seat, name, data, violation in (
            (member, "double", {"theNumber": 4}, True),
            (member, "note", {"theNumber": "4"}, True),
            (stranger, "note", {"theNumber": 4}, False),
        ):
            with pytest.raises(RequestFailed) as caught:
                await spoken.hear(seat, name, data)
            assert caught.value.violation is violation
        with pytest.raises(RequestFailed, match="what is note"):
            await spoken.handle(member, "note", {})

    run(scenario)


def test_no_dialect_makes_a_reply_of_its_own() -> None:
    """One made anew would answer without what the room does behind the answer."""
    files = list((ROOT / "mediad" / "signaling").rglob("*.py"))
    assert len(files) > 10
    assert [path.name for path in files if re.search(r"\bReply\(", path.read_text())] == []
