"""Questions to the media thread, and the futures that wait for their answers."""

from __future__ import annotations

import asyncio
from typing import Any

Records = list[dict[str, Any]]


class Questions:
    """Open requests for statistics, by number."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[Records]] = {}
        self._last = 0

    def open(self) -> tuple[int, asyncio.Future[Records]]:
        """Return the number of a new question and the future of its answer."""
        self._last += 1
        answer: asyncio.Future[Records] = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = answer
        return self._last, answer

    def answer(self, number: int, records: Records) -> None:
        """Give an answer to the one who waits for it, if that one still does."""
        answer = self._waiting.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_result(records)

    def cancel(self) -> None:
        """Cancel all questions without an answer: none will come."""
        for answer in self._waiting.values():
            answer.cancel()
        self._waiting.clear()
