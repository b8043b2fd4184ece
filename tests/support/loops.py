"""Run an async test on uvloop, the loop mediad runs on, and never for longer than a minute."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec

import uvloop

P = ParamSpec("P")
DEADLINE_S = 60.0


def on_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Decorator: the coroutine function becomes an ordinary test."""

    @functools.wraps(test)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(DEADLINE_S):
                await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(bounded())

    return wrapper


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Return when `condition()` is true; fail the test when it never becomes so."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for is often in another process
            await asyncio.sleep(0.01)


async def turns(count: int = 10) -> None:
    """Let the loop turn: what is ready to run has run then, and what that made ready, and so on."""
    for _ in range(count):
        await asyncio.sleep(0)


class LoopTurns:
    """A count of the running loop's turns while a `with` lasts: `seen`."""

    def __init__(self) -> None:
        self.seen = 0

    def __enter__(self) -> LoopTurns:
        self._counting = asyncio.create_task(self._count())
        return self

    def __exit__(self, *_: object) -> None:
        self._counting.cancel()

    async def _count(self) -> None:
        while True:
            self.seen += 1
            await asyncio.sleep(0)


def until_sync(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """`until` for tests without a loop."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


async def raises(kind: type[BaseException], awaitable: Awaitable[object]) -> str:
    """The text of the `kind` that `awaitable` raises."""
    try:
        await awaitable
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__} was raised")
