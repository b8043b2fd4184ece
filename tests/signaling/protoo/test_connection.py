"""The shell around one WebSocket: nonsense, floods, and clients that do not read or do not answer."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, NoReturn

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from mediad.rooms.listener import PeerVolume
from mediad.signaling.app import SignalingSettings
from mediad.signaling.dialects.demo_a import METHODS
from mediad.signaling.dialects.dialect import Method
from mediad.signaling.limits import ConnectionLimits
from mediad.signaling.protoo import messages
from tests.support.rtp_samples import opus
from tests.support.signaling import PATIENCE_S, Client, Failure, Front, eventually, ignore, run

KIB = 1024


def limits(**changes: Any) -> SignalingSettings:
    return SignalingSettings(limits=ConnectionLimits(**changes))


NONSENSE = [
    "",
    "hello",
    "{",
    "null",
    "[]",
    "[1,2]",
    "{}",
    '{"request":true}',
    '{"response":true,"id":"x"}',
    '{"notification":true}',
    '{"notification":true,"method":"closeProducer","data":{}}',
    "[" * 50_000,
    b"\x00\x01\x02",
]


def test_every_request_is_in_the_log_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        await ana.request("getRouterRtpCapabilities")
        with pytest.raises(Failure):
            await ana.request("pauseConsumer", {"consumerId": "none"})

    run(scenario)
    lines = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("> getRouterRtpCapabilities answered after ") for line in lines)
    assert any(line.startswith("> pauseConsumer refused: ") for line in lines)


@pytest.mark.parametrize("frame", NONSENSE)
def test_nonsense_is_survived_in_silence(frame: str | bytes) -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        await ana.socket.send(frame)
        await ana.sync()
        assert ana.methods() == ["mediasoup-version", "ok"]

    run(scenario)


def test_a_request_without_a_method_is_answered_when_it_has_an_id() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        await ana.send({"request": True, "id": 7, "method": None})
        reply = await ana.until(lambda frame: frame.get("id") == 7)
        assert (reply["ok"], reply["errorCode"]) == (False, 500)
        await ana.sync()

    run(scenario)


WRONG: dict[object, str | bytes] = {
    1: '{"request":true,"id":1,"method":"join","data":NaN}',
    2: '{"request":true,"id":2,"method":"join","data":' + "[" * 50_000,
    3: '{"request":true,"id":3,"method":"join","data":{"displayName":' + "9" * 5000 + "}}",
    4: '{"request":true,"id":4,"method":"x\\ud83d"}',
    5: b'{"request":true,"id":5,"method":"join"}',
    "six": '{"request":true,"id":"six","method":"join"}',
    None: '{"request":true,"id":{"a":1},"method":"join"}',
}


@pytest.mark.parametrize("identifier", WRONG)
def test_every_frame_with_an_id_is_answered(identifier: Any) -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        await ana.socket.send(WRONG[identifier])
        reply = await ana.until(lambda frame: "id" in frame and frame["id"] == identifier)
        assert (reply["ok"], reply["errorCode"]) == (False, 500)
        await ana.sync()

    run(scenario)


def test_a_name_that_ends_in_half_an_emoji() -> None:
    async def scenario(running: Front) -> None:
        ben = await running.member("ben")
        ana = await running.connect("ana")
        await ana.socket.send(
            '{"request":true,"id":1,"method":"join",'
            r'"data":{"displayName":"Ana \ud83d","device":{"name":"\udead"}}}'
        )
        assert (await ana.until(lambda frame: frame.get("id") == 1))["ok"] is True
        assert await ben.notified("newPeer") == {
            "id": "ana",
            "displayName": "Ana \ufffd",
            "device": {"name": "\ufffd"},
        }

    run(scenario)


def test_answers_to_questions_nobody_asked_are_ignored() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        for identifier in (0, -1, 5.5, 12345, 1e300):
            await ana.send({"response": True, "id": identifier, "ok": True, "data": {}})
        await ana.sync()

    run(scenario)


def test_the_answer_carries_the_id_as_it_came() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        for identifier in (0, -3, 10**15, 0.5):
            await ana.send({"request": True, "id": identifier, "method": "getRouterRtpCapabilities"})
            reply = await ana.until(lambda frame: frame.get("id") == identifier)
            assert reply["ok"] is True

    run(scenario)


def test_too_much_nonsense_closes_the_socket() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        for _ in range(20):
            await ana.socket.send("nonsense")
        assert await ana.closed() == 1008
        assert await ben.notified("peerClosed") == {"peerId": "ana"}

    run(scenario, settings=limits(violations=10, violations_per_s=0.0))


def test_unknown_methods_and_wrong_data_count_as_nonsense() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        await ana.ask("levitate")
        await ana.ask("restartIce", {"transportId": 7})
        await ana.ask("levitate")
        assert await ana.closed() == 1008

    run(scenario, settings=limits(violations=2, violations_per_s=0.0))


def test_honest_mistakes_do_not_count() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        for _ in range(5):
            with pytest.raises(Failure, match="not found"):
                await ana.request("restartIce", {"transportId": "gone"})

    run(scenario, settings=limits(violations=2, violations_per_s=0.0))


def test_requests_beyond_the_bound_wait_and_none_is_refused() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        running.worker.hold("transport.stats")
        data = {"transportId": ana.sending}
        waiting = [await ana.ask("getTransportStats", data) for _ in range(40)]
        ben = await running.member("ben")
        await ben.sync()
        assert len(running.worker.called("transport.stats")) == 4
        running.worker.release("transport.stats")
        for identifier in waiting:
            reply = await ana.until(lambda frame: frame.get("id") == identifier)
            assert reply["ok"] is True

    run(scenario, settings=limits(pending_requests=4))


def test_pausing_every_video_of_a_large_room_at_once() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        running.worker.hold("transport.stats")
        waiting = [await ana.ask("getTransportStats", {"transportId": ana.sending}) for _ in range(600)]
        running.worker.release("transport.stats")
        for identifier in waiting:
            reply = await ana.until(lambda frame: frame.get("id") == identifier)
            assert reply["ok"] is True

    run(scenario)


def test_who_goes_away_with_requests_waiting_leaves_the_room_at_once() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        running.worker.hold("transport.stats")
        for _ in range(10):
            await ana.ask("getTransportStats", {"transportId": ana.sending})
        await eventually(lambda: len(running.worker.called("transport.stats")) == 4)
        ana.socket.transport.abort()
        assert await ben.notified("peerClosed") == {"peerId": "ana"}
        running.worker.release("transport.stats")

    run(scenario, settings=limits(pending_requests=4))


def test_a_bug_in_a_handler_is_an_error_reply(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(seat: Any, data: Any) -> NoReturn:
        raise ZeroDivisionError("secret detail")

    method = Method(broken, METHODS["restartIce"].schema, joined=None)
    monkeypatch.setitem(METHODS, "restartIce", method)

    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        with pytest.raises(Failure) as caught:
            await ana.request("restartIce", {"transportId": "t"})
        assert (caught.value.code, caught.value.reason) == (500, "internal error")
        await ana.sync()

    run(scenario)
    assert "secret detail" in caplog.text


# -- clients that do not answer --------------------------------------------------------------------------


def test_a_consumer_nobody_answers_for_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_TIMEOUT_BASE_US", 20_000)
    monkeypatch.setattr(messages, "_TIMEOUT_PER_PENDING_US", 1_000)

    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        ben.answer = ignore
        await ana.produce("audio", opus())
        offer = await ben.asked("newConsumer")
        assert await ben.notified("consumerClosed") == {"consumerId": offer["data"]["id"]}
        await ben.send({"response": True, "id": offer["id"], "ok": True})
        await ben.sync()
        assert not running.worker.consumers
        assert running.worker.called("consumers.resume") == []

    run(scenario)


# -- clients that do not read ----------------------------------------------------------------------------


def shout(running: Front, peer_id: str) -> None:
    """The room says 64 KiB to a peer."""
    (room,) = running.registry._rooms.values()
    room.peers[peer_id].listener.display_name_changed("ben", "x" * 64 * KIB, "")


def test_a_client_that_does_not_read_is_dropped() -> None:
    async def scenario(running: Front) -> None:
        ben = await running.member("ben")
        url = running.url(roomId="room", peerId="deaf")
        deaf = await connect(url, subprotocols=[Subprotocol("protoo")], compression=None, max_queue=1)
        (room,) = running.registry._rooms.values()
        async with asyncio.timeout(PATIENCE_S):
            while "deaf" in room.peers:
                shout(running, "deaf")
                await asyncio.sleep(0)
        # it has left the room at once, and its TCP connection ends although it does not read a thing
        await ben.sync()
        await eventually(lambda: running.connection_count() == 1)
        deaf.transport.abort()

    run(scenario, settings=limits(send_queue_bytes=512 * KIB, close_grace_s=0.05))


def test_a_client_that_reads_may_be_told_any_amount() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        for count in range(1, 101):
            shout(running, "ana")
            if count % 4 == 0:
                await ana.until(lambda frame: ana.methods().count("peerDisplayNameChanged") == count)
        await ana.sync()

    run(scenario, settings=limits(send_queue_bytes=512 * KIB, close_grace_s=0.05))


def test_scores_are_left_out_for_a_client_that_is_behind() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        (room,) = running.registry._rooms.values()
        listener = room.peers["ana"].listener
        for index in range(50):
            listener.speaking_peers([PeerVolume(f"peer{index}", -50)])
        listener.display_name_changed("ben", "Ben", "")
        await ana.notified("peerDisplayNameChanged")
        assert 0 < ana.methods().count("activeSpeaker") < 50

    run(scenario, settings=limits(droppable_bytes=1 * KIB))


def test_nothing_is_said_after_the_end() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        (room,) = running.registry._rooms.values()
        listener = room.peers["ana"].listener
        running.worker.hold("transport.stats")
        await ana.ask("getTransportStats", {"transportId": ana.sending})
        await ana.sync()
        await ana.close()
        await eventually(lambda: running.registry.room_count == 0)
        listener.peer_left("ben")
        running.worker.release("transport.stats")
        await asyncio.sleep(0)

    run(scenario)


def test_each_client_has_its_own_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages that a room sends in a burst arrive complete and in order."""

    async def scenario(running: Front) -> None:
        clients = [await running.member(f"peer{index}") for index in range(3)]
        for index in range(100):
            await clients[0].ask("changeDisplayName", {"displayName": str(index)})
        for client in clients[1:]:
            await client.until(lambda frame: frame.get("data", {}).get("displayName") == "99")
            assert names_heard(client) == [str(index) for index in range(100)]

    run(scenario)


def names_heard(client: Client) -> list[str]:
    return [
        frame["data"]["displayName"]
        for frame in client.log
        if frame.get("method") == "peerDisplayNameChanged"
    ]
