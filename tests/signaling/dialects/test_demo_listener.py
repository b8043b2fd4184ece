"""The part of the listener that both dialects of the demo have."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import Forbidden
from mediad.pipe.scores import ConsumerScore, EncodingScore
from mediad.rooms.listener import CloseCause, Device
from mediad.signaling.dialects.demo_listener import CLOSE_CODES, DemoListener, device_data
from tests.support.recording_wire import RecordingWire


def test_only_clients_that_cannot_come_back_are_told_to_stay_away() -> None:
    assert set(CLOSE_CODES) == set(CloseCause)
    assert [cause for cause, code in CLOSE_CODES.items() if code == 4000] == [
        CloseCause.REPLACED,
        CloseCause.EXPIRED,
        CloseCause.REMOVED,
    ]


def test_only_what_is_told_again_may_be_left_out() -> None:
    wire = RecordingWire()
    listener = DemoListener(wire)
    listener.peer_left("ana")
    listener.display_name_changed("ana", "Ana", "Anna")
    listener.consumer_paused("c")
    listener.consumer_resumed("c")
    listener.consumer_closed("c")
    listener.consumer_score("c", ConsumerScore(9, 8, [8]))
    listener.producer_score("p", [EncodingScore(0, 1, 7)])
    listener.producer_layers_wanted("p", 1)
    listener.downlink_bandwidth(3, 2, 1)
    listener.recording_changed(True)
    assert [method for method, _, droppable in wire.told if droppable] == [
        *("consumerScore", "producerScore", "downlinkBwe"),
    ]
    assert wire.told[-1][:2] == ("recordingChanged", {"recording": True})
    assert wire.told[1][1] == {"peerId": "ana", "displayName": "Ana", "oldDisplayName": "Anna"}


def test_a_client_that_refuses_an_offer() -> None:
    with pytest.raises(Forbidden, match="no newConsumer"):
        asyncio.run(DemoListener(RecordingWire()).ask("newConsumer", {}))


def test_a_room_that_ends_a_connection() -> None:
    wire = RecordingWire()
    DemoListener(wire).closed(CloseCause.WORKER_DIED, "it died")
    assert wire.closed == (1012, "it died")


def test_a_device_without_what_it_left_out() -> None:
    assert device_data(Device(None, "Chrome", None)) == {"name": "Chrome"}
