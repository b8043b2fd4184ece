"""Events of clients: their data, and their rows."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.dialects import event_dialect
from mediad.signaling.dialects.dialect import Data, Method, RequestFailed
from mediad.signaling.dialects.event_dialect import Call as Event
from tests.support.calls import Call, run, told


class Number(Data):
    number: int = 3


async def double(seat: Seat, data: Number) -> Reply[Any]:
    return Reply(2 * data.number)


@pytest.mark.parametrize(
    ("arguments", "data"), [([], {}), ([None], {}), ([0], 0), ([[1], 2], [1]), ([{"a": 1}], {"a": 1})]
)
def test_the_data_of_an_event_is_its_first_argument(arguments: list[Any], data: Any) -> None:
    assert Event("double", arguments).data == data


def test_an_event_finds_its_row() -> None:
    async def scenario(call: Call) -> None:
        seat = (await call.member("ana")).seat
        methods = {"double": Method(double, Number)}
        assert told(await event_dialect.perform(methods, seat, Event("double", [{"number": 4}]))) == 8
        assert told(await event_dialect.perform(methods, seat, Event("double"))) == 6
        for event, reason in (
            (Event("x" * 200), 'unknown event "x{100}"'),
            (Event("double", [5]), "double: "),
        ):
            with pytest.raises(RequestFailed, match=reason) as caught:
                await event_dialect.perform(methods, seat, event)
            assert caught.value.violation

    run(scenario)
