"""Recorded members: who is recorded by the taps of a room, and is told when that begins and ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mediad.rooms.entities import Peer


def is_recorded(member: Peer, taps: Iterable[Peer]) -> bool:
    """True when one of these hidden receivers records what the member sends."""
    return any(tap.records and tap.hears in (None, member.id) for tap in taps)


def tell(members: Iterable[Peer], before: Collection[Peer], after: Collection[Peer]) -> None:
    """Tell those members for whom it makes a difference that these taps are there after those before."""
    for member in members:
        recorded = is_recorded(member, after)
        if recorded is not is_recorded(member, before):
            member.listener.recording_changed(recorded)
