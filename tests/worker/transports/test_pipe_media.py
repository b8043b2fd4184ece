"""Two ends of a pipe, each on a router of its own, with a media thread."""

from __future__ import annotations

from typing import Any

from tests.support.loops import on_loop, until
from tests.support.served_worker import Worker, real_worker

STREAM = {"streamId": 0, "ordered": True}


async def joined(worker: Worker, **form: Any) -> None:
    """Join routers "r" and "s" by the pipe transports "rp" and "sp"."""
    await worker.ask("router.create", routerId="s")
    ends = {
        router_id: await worker.ask(
            "transport.createPipe", routerId=router_id, transportId=f"{router_id}p", **form
        )
        for router_id in ("r", "s")
    }
    for router_id, other in (("r", "s"), ("s", "r")):
        await worker.ask("transport.connectPipe", transportId=f"{router_id}p", **ends[other])


@on_loop
async def test_messages_go_through_a_pipe() -> None:
    async with real_worker() as worker:
        await joined(worker, enableSctp=True)
        await worker.ask("dataProducer.createDirect", routerId="r", dataProducerId="here")
        new = {"dataConsumerId": "into", "transportId": "rp", "dataProducerId": "here"}
        (made,) = (await worker.ask("dataConsumers.create", consumers=[new]))["consumers"]
        parameters = made["sctpStreamParameters"]
        await worker.ask(
            "dataProducer.create", transportId="sp", dataProducerId="there", sctpStreamParameters=parameters
        )
        await worker.ask(
            "dataConsumer.createDirect", dataConsumerId="out", dataProducerId="there", maxMessageBytes=1000
        )
        texts = [f"message {number} " + "x" * (900 * (number % 2)) for number in range(50)]
        for text in texts:
            await worker.ask("dataProducer.send", dataProducerId="here", text=text)
        await until(lambda: len(worker.told("dataConsumer.message")) == 50)
        assert [told["text"] for told in worker.told("dataConsumer.message")] == texts
        states = worker.told("transport.sctpState")
        assert {told["transportId"] for told in states if told["sctpState"] == "connected"} == {"rp", "sp"}
        await worker.ask("transport.close", transportId="rp")
        await until(lambda: worker.told("dataProducer.closed"))


@on_loop
async def test_two_hundred_cycles_of_pipes_leave_no_port_and_no_transport() -> None:
    async with real_worker() as worker:
        await joined(worker, enableSctp=True)
        for _ in range(200):
            for router_id in ("r", "s"):
                await worker.ask("transport.close", transportId=f"{router_id}p")
            await worker.ask("router.close", routerId="s")
            await worker.ask("worker.ping")
            await joined(worker, enableSctp=True)
        report = await worker.ask("worker.stats")
        assert (report["ports"]["used"], report["transports"], report["portRefusals"]) == (2, 2, 0)
