"""The methods of the admin socket, found by name.

Each table is in a file of its subject: `status_methods.py` …

A method takes the request's data. It is a coroutine function that returns the reply's data, or an async
generator function whose items are streamed until it ends, or until the client goes away and it is closed.
A new verb is a row in such a table and a row in a file of `mediad/ctl/verbs/`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from mediad.errors import InvalidInput, NotFound
from mediad.supervisor.admin.conversation import Answer

Method = Callable[[dict[str, Any]], Answer]
Table = Mapping[str, Method]

T = TypeVar("T", bound=msgspec.Struct)


class AdminMethods:
    """All tables as one."""

    def __init__(self, *tables: Table) -> None:
        self._table = {name: method for table in tables for name, method in table.items()}
        assert len(self._table) == sum(map(len, tables)), "two methods have one name"

    @property
    def names(self) -> list[str]:
        return list(self._table)

    def call(self, method: str, data: dict[str, Any]) -> Answer:
        """Start `method` with `data`. Raises NotFound for a method that is in no table."""
        handler = self._table.get(method)
        if handler is None:
            raise NotFound(f'unknown method "{method[:100]}", expected one of {", ".join(self._table)}')
        return handler(data)


def read(data: dict[str, Any], schema: type[T]) -> T:
    """The request's data as `schema`, a struct with `rename="camel"`.

    Raises InvalidInput when it does not fit.
    """
    try:
        return msgspec.convert(data, schema)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error)) from None
