from __future__ import annotations

import asyncio

from mediad._fastpath.door.events import StatsAnswered
from mediad.worker.media.plane import Kind
from mediad.worker.media.questions import Questions
from tests.support.loops import on_loop, until
from tests.support.plane_objects import open_transport
from tests.support.recording_loop import recorded_plane


@on_loop
async def test_an_answer_nobody_waits_for_is_dropped() -> None:
    questions = Questions()
    number, answer = questions.open()
    answer.cancel()
    questions.answer(number, [])
    questions.answer(number + 1, [])
    assert answer.cancelled()


@on_loop
async def test_answers_find_their_questions() -> None:
    plane, loop = recorded_plane()
    transport = open_transport(plane)
    plane.start()
    try:
        questions = [asyncio.create_task(plane.stats(Kind.KIND_TRANSPORT, transport)) for _ in range(2)]
        await until(lambda: len(loop.named("request_stats")) == 2)
        first, second = (one.args[0] for one in loop.named("request_stats"))
        loop.tell(StatsAnswered(second, [{"n": 2}]), StatsAnswered(first, []))
        assert await asyncio.gather(*questions) == [[], [{"n": 2}]]
    finally:
        plane.stop()


@on_loop
async def test_nobody_waits_for_a_media_thread_that_has_ended() -> None:
    plane, loop = recorded_plane()
    question = asyncio.create_task(plane.stats(Kind.KIND_TRANSPORT, open_transport(plane)))
    await until(lambda: loop.named("request_stats"))
    plane.stop()
    await asyncio.wait([question])
    assert question.cancelled()
