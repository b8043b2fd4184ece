"""The options of a token reach whoever carries them out."""

from __future__ import annotations

from mediad.rooms.options import RoomOptions
from tests.support.calls import Call, run
from tests.support.listeners import RecordingListener


def test_they_are_told_when_their_client_has_a_seat() -> None:
    async def scenario(call: Call) -> None:
        told: list[tuple[str, bool, int]] = []

        def note(room_id: str, options: RoomOptions) -> None:
            told.append((room_id, options.record, call.registry.peer_count))

        call.registry.on_options = note
        await call.registry.connect("room", "ana", RecordingListener())
        assert told == []
        options = RoomOptions(record=True)
        await call.registry.connect("room", "ben", RecordingListener(), options=options)
        assert told == [("room", True, 2)]

    run(scenario)
