"""Many consumers with one request."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import pytest

from mediad.errors import NotFound
from mediad.worker import slices
from tests.support.loops import LoopTurns, on_loop
from tests.support.negotiation import chrome_vp8
from tests.support.served_worker import Worker, consumer, with_everything


def batch(*ids: str, form: int = 0) -> dict[str, Any]:
    data = consumer(chrome_vp8())
    (new,) = data["consumers"]
    data["consumers"] = [
        {**new, "consumerId": id_, "ssrc": new["ssrc"] + 2 * n, "form": form} for n, id_ in enumerate(ids)
    ]
    return data


def outcome(answer: dict[str, Any]) -> list[str]:
    return [one.get("code", "made") for one in answer["consumers"]]


async def stands(worker: Worker, consumer_id: str) -> bool:
    return worker.server.objects.has(consumer_id)


@on_loop
async def test_each_is_answered_for_itself() -> None:
    worker = await with_everything()
    data = batch("d", "c", "e", "f")
    data["consumers"][2]["transportId"] = "ghost"
    data["forms"].append({**data["forms"][0], "producerId": "ghost"})
    data["consumers"][3]["form"] = 1
    answer = await worker.ask("consumers.create", **data)
    assert outcome(answer) == ["made", "state", "not-found", "not-found"]
    assert answer["consumers"][0]["score"]["score"] == 10
    assert "already exists" in answer["consumers"][1]["reason"]
    assert await stands(worker, "d")


@pytest.mark.parametrize("form", [-1, 1])
@on_loop
async def test_a_form_that_is_not_there(form: int) -> None:
    worker = await with_everything()
    answer = await worker.ask("consumers.create", **batch("d", form=form))
    assert answer == {"consumers": [{"code": "invalid", "reason": f"there is no form {form}"}]}


@on_loop
async def test_a_form_that_is_wrong_is_told_to_those_who_were_to_have_it() -> None:
    worker = await with_everything()
    data = batch("d", "e")
    wrong = {**data["forms"][0], "rtpParameters": {**data["forms"][0]["rtpParameters"], "encodings": []}}
    data["forms"].append(wrong)
    data["consumers"][1]["form"] = 1
    assert outcome(await worker.ask("consumers.create", **data)) == ["made", "invalid"]


@on_loop
async def test_others_come_in_between() -> None:
    worker = await with_everything()
    with LoopTurns() as turns, patch.object(slices, "SLICE_US", 0):
        answer = await worker.ask("consumers.create", **batch(*(f"d{n}" for n in range(50))))
    assert outcome(answer) == ["made"] * 50
    assert turns.seen >= 50


@on_loop
async def test_one_bug_costs_one_consumer() -> None:
    worker = await with_everything()
    router = worker.server.objects.routers["r"]
    real, calls = router.create_consumer, iter(range(10))

    def sometimes(*args: Any, **options: Any) -> Any:
        if next(calls) == 1:
            raise ZeroDivisionError
        return real(*args, **options)

    with patch.object(router, "create_consumer", sometimes):
        answer = await worker.ask("consumers.create", **batch("d", "e", "f"))
    assert outcome(answer) == ["made", "error", "made"]
    assert answer["consumers"][1]["reason"] == "ZeroDivisionError in consumers.create"


@on_loop
async def test_what_is_closed_before_it_was_made_is_not_made() -> None:
    worker = await with_everything()
    making = asyncio.create_task(worker.ask("consumers.create", **batch("d", "e")))
    await asyncio.sleep(0)
    assert not await stands(worker, "e")
    assert await worker.ask("consumer.close", consumerId="e") == {}
    assert outcome(await making) == ["made", "state"]
    assert not await stands(worker, "e")
    assert await worker.refused(NotFound, "consumer.close", consumerId="e")


@on_loop
async def test_many_are_resumed_at_once_and_a_later_pause_holds() -> None:
    worker = await with_everything()
    data = batch("d", "e") | {"paused": True}
    await worker.ask("consumers.create", **data)
    resuming = worker.ask("consumers.resume", consumerIds=["d", "ghost", "e"])
    pausing = worker.ask("consumer.pause", consumerId="e")
    answers = await asyncio.gather(resuming, pausing)
    assert answers[0] == {"missing": ["ghost"]}
    consumers = worker.server.objects.routers["r"].consumers
    assert (consumers["d"].paused, consumers["e"].paused) == (False, True)


@on_loop
async def test_a_large_room_closes_in_slices() -> None:
    worker = await with_everything()
    for n in range(20):
        await worker.ask("transport.create", routerId="r", transportId=f"t{n}")
    with LoopTurns() as turns:
        closing = asyncio.create_task(worker.ask("router.close", routerId="r"))
        await asyncio.sleep(0)
        refused = await worker.refused(NotFound, "transport.create", routerId="r", transportId="late")
        assert refused == 'router with id "r" not found'
        assert await closing == {}
    assert turns.seen >= 22, "a turn of the loop for each transport"
    assert worker.server.objects.empty
