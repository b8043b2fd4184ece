from __future__ import annotations

import asyncio
import gc

from mediad.rooms.background import Background


def test_work_is_kept_alive_until_it_is_done() -> None:
    async def main() -> None:
        background, done = Background(), []

        async def work(name: str) -> None:
            await asyncio.sleep(0)
            done.append(name)
            if name == "first":
                background.run(work("second"))

        background.run(work("first"))
        gc.collect()
        await background.settled()
        assert done == ["first", "second"]

    asyncio.run(main())


def test_nothing_to_wait_for_is_no_wait() -> None:
    asyncio.run(asyncio.wait_for(Background().settled(), 1))
