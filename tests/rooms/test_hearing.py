"""Every audio track is at home, whoever receives it."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import MediadError, Unavailable
from mediad.rooms import hearing, pipes
from tests.support.calls import Call, run_spread
from tests.support.rtp_samples import opus, vp8


async def with_a_lonely_sender(call: Call) -> tuple[str, str]:
    """Ana at home, who receives nothing, and Ben elsewhere; his tracks, audio and video."""
    ana = await call.connect("ana")
    await ana.make_transports()
    ana.join(receives=False)
    ben = await call.member("ben")
    return await ben.produce("audio", opus()), await ben.produce("video", vp8())


def test_audio_goes_home_although_nobody_receives_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(call: Call) -> None:
        monkeypatch.setattr(pipes, "HOLD_S", 0.0)
        audio_id, _ = await with_a_lonely_sender(call)
        await asyncio.sleep(0.02)
        assert list(call.worker.producers) == [audio_id]

    run_spread(scenario)


def test_without_room_at_home_it_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(call: Call) -> None:
        monkeypatch.setattr(hearing, "RETRY_S", 0.01)
        call.worker.failures["transport.createPipe"] = Unavailable("no port is free")
        audio_id, _ = await with_a_lonely_sender(call)
        await call.settle()
        assert list(call.worker.producers) == []
        del call.worker.failures["transport.createPipe"]
        await asyncio.sleep(0.05)
        assert list(call.worker.producers) == [audio_id]

    run_spread(scenario)


def test_what_the_worker_refuses_is_not_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(call: Call) -> None:
        call.worker.failures["producer.create"] = MediadError("cannot receive this")
        await with_a_lonely_sender(call)
        await call.settle()
        assert "it is not heard when this peer speaks: cannot receive this" in caplog.text
        assert len(call.worker.called("producer.create")) == 1

    run_spread(scenario)
