"""A session whose daemon says what the test wants."""

from __future__ import annotations

from collections.abc import Iterator

from mediad.ctl.session import Data, Session


class ScriptedSession(Session):
    """`call` answers with each item in turn, `stream` with all of them; the last goes on for ever."""

    def __init__(self, *items: Data | BaseException, as_json: bool = False) -> None:
        super().__init__([], as_json=as_json)
        self.items = list(items)
        self.asked: list[tuple[str, Data]] = []

    def call(self, method: str, data: Data) -> Data:
        self.asked.append((method, data))
        return self._next()

    def stream(self, method: str, data: Data) -> Iterator[Data]:
        self.asked.append((method, data))
        for _ in range(len(self.items)):
            yield self._next()

    def _next(self) -> Data:
        item = self.items.pop(0) if len(self.items) > 1 else self.items[0]
        if isinstance(item, BaseException):
            raise item
        return item
