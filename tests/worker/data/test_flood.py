"""A client that floods its data channel harms neither the channels nor the checks of others."""

from __future__ import annotations

import asyncio

from tests.support.data_peer import DataPeer, data_worker
from tests.support.loops import on_loop, until

FLOOD_S = 1.5
BURST = 150


async def flood(peer: DataPeer, until_done: asyncio.Event) -> None:
    """Send records of data that SCTP will not take, as fast as this process can."""
    junk = b"\x13\x88\x13\x88" + bytes(1100)
    while not until_done.is_set():
        for _ in range(BURST):
            peer.media.send_data(junk)
        await asyncio.sleep(0.002)


@on_loop
async def test_others_go_on() -> None:
    async with data_worker("a", "b", "c") as (worker, ana, ben, mallory):
        sender = await ana.produce(0)
        receiver = await ben.consume("p0")
        await mallory.produce(1)
        await sender.send("begin")
        await until(lambda: receiver.messages)
        done = asyncio.Event()
        flooding = asyncio.create_task(flood(mallory, done))
        count = 40
        for number in range(count):
            await sender.send(str(number))
            if number % 10 == 0:
                await ana.media.check()
            await asyncio.sleep(FLOOD_S / count)
        await until(lambda: len(receiver.messages) == count + 1)
        done.set()
        await flooding
        assert receiver.messages[1:] == [str(number) for number in range(count)]
        dropped = (await worker.ask("worker.stats"))["dropped"]
        assert dropped["stun_path_budget"] == 0
