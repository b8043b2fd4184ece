"""The tables of admin methods as one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest

from mediad.errors import InvalidInput, NotFound
from mediad.supervisor.admin.methods import AdminMethods, read
from tests.support.loops import on_loop


async def double(data: dict[str, Any]) -> dict[str, Any]:
    return {"doubled": data["n"] * 2}


async def count(data: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    for n in range(data["n"]):
        yield {"n": n}


@on_loop
async def test_every_table_is_looked_up() -> None:
    methods = AdminMethods({"double": double}, {"count": count})
    answer = methods.call("double", {"n": 2})
    assert not isinstance(answer, AsyncGenerator)
    assert await answer == {"doubled": 4}
    stream = methods.call("count", {"n": 2})
    assert isinstance(stream, AsyncGenerator)
    assert [item async for item in stream] == [{"n": 0}, {"n": 1}]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(NotFound) as caught:
        AdminMethods({"double": double}).call("reboot" + "x" * 1000, {})
    assert str(caught.value).startswith('unknown method "reboot')
    assert str(caught.value).endswith("expected one of double")
    assert len(str(caught.value)) < 300


def test_a_name_is_given_once() -> None:
    with pytest.raises(AssertionError):
        AdminMethods({"double": double}, {"double": count})


class Wanted(msgspec.Struct, rename="camel"):
    room_id: str
    deadline_s: float = 0


def test_data_is_held_to_its_schema() -> None:
    assert read({"roomId": "r", "deadlineS": 3}, Wanted) == Wanted("r", 3)
    with pytest.raises(InvalidInput, match="missing required field `roomId`"):
        read({}, Wanted)
    with pytest.raises(InvalidInput, match=r"Expected `float`, got `str` - at `\$.deadlineS`"):
        read({"roomId": "r", "deadlineS": "soon"}, Wanted)
