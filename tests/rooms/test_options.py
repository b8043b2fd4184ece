"""The options of a token reach whoever carries them out."""

from __future__ import annotations

import pytest

from mediad.rooms.options import RoomOptions
from mediad.rooms.spread import AUTO, OFF, Spread
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


@pytest.mark.parametrize(
    ("options", "usual", "expected"),
    [
        (RoomOptions(), OFF, None),
        (RoomOptions(spread=3), OFF, 3),
        (RoomOptions(spread=OFF), 4, OFF),
        (RoomOptions(piped=True), OFF, 2),
        (RoomOptions(piped=True, spread=OFF), OFF, 2),
        (RoomOptions(piped=True), 4, None),
        (RoomOptions(piped=True), AUTO, None),
        (RoomOptions(piped=True, spread=3), OFF, 3),
        (RoomOptions(piped=True, spread=AUTO), OFF, AUTO),
    ],
)
def test_the_spread_of_the_room_that_they_open(
    options: RoomOptions, usual: Spread, expected: Spread | None
) -> None:
    assert options.spread_of(usual) == expected


def test_they_count_for_the_room_that_their_client_opens() -> None:
    async def scenario(call: Call) -> None:
        opened = await call.registry.connect("a", "ana", RecordingListener(), options=RoomOptions(spread=2))
        await call.registry.connect("a", "ben", RecordingListener(), options=RoomOptions(spread=OFF))
        assert (opened.room.spread, len(opened.room.branches)) == (2, 2)
        usual = await call.registry.connect("b", "ana", RecordingListener())
        await call.registry.connect("b", "ben", RecordingListener(), options=RoomOptions(spread=2))
        assert (usual.room.spread, len(usual.room.branches)) == (None, 1)

    run(scenario, workers=2)
