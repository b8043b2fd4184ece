"""Members are told when they begin to be recorded, and when that ends."""

from __future__ import annotations

from mediad.rooms.entities import Peer
from mediad.rooms.recorded import is_recorded, tell
from tests.support.calls import stranger
from tests.support.listeners import RecordingListener


def tap(hears: str | None = None, *, records: bool = True) -> Peer:
    peer = stranger("tap")
    peer.hears, peer.records = hears, records
    return peer


def test_a_tap_that_records_and_hears_a_member_counts() -> None:
    ana = stranger("ana")
    assert is_recorded(ana, [tap()])
    assert is_recorded(ana, [tap("ben"), tap("ana")])
    assert not is_recorded(ana, [tap("ben"), tap(records=False)])


def test_only_a_difference_is_told() -> None:
    ana, ben = stranger("ana"), stranger("ben")
    one, two = tap("ana"), tap()
    tell([ana, ben], [], [one])
    tell([ana, ben], [one], [one, two])
    tell([ana, ben], [one, two], [two])
    tell([ana, ben], [two], [])
    heard = [peer.listener.heard for peer in (ana, ben) if isinstance(peer.listener, RecordingListener)]
    assert heard == [[("recording", True), ("recording", False)]] * 2
