"""The asker: the client on whose behalf code runs."""

from __future__ import annotations

import asyncio

from mediad.rooms.asker import current_asker, set_asker


def test_tasks_inherit_it_and_others_do_not() -> None:
    async def main() -> None:
        async def client(peer_id: str) -> str | None:
            set_asker("room", peer_id)
            return await asyncio.create_task(asyncio.sleep(0, current_asker()))

        words = await asyncio.gather(client("ana"), client("ben"))
        assert list(words) == ["4:room/ana", "4:room/ben"]
        assert current_asker() is None

    asyncio.run(main())


def test_no_two_peers_share_a_word() -> None:
    async def word(room_id: str, peer_id: str) -> str | None:
        set_asker(room_id, peer_id)
        return current_asker()

    assert asyncio.run(word("a/b", "c")) != asyncio.run(word("a", "b/c"))
