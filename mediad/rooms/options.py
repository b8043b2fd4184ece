"""RoomOptions: what a client's token, or its app, says about the room that it enters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mediad.rooms.spread import OFF, Spread


@dataclass(frozen=True, slots=True)
class RoomOptions:
    """The wishes of one client. Only tokens that were verified have any, but for `piped`."""

    record: bool = False
    """True when the room is to be recorded from now on, unless it is already."""
    record_format: str | None = None
    """The container of that recording; None: that of the settings."""
    show: bool = False
    """True when the room is to be shown over HLS from now on, unless it is already."""
    spread: Spread | None = None
    """The number of workers that the room may be on, if the client opens it; None: as the settings say."""
    piped: bool = False
    """True for a client whose app is to be served over pipes: the room that it opens is on two workers,
    unless it may be on more. This is a wish of the client itself, without a token."""

    def spread_of(self, usual: Spread) -> Spread | None:
        """Return the spread of a room that is opened with these options; None for the `usual` one."""
        if self.piped and self.spread in (None, OFF) and usual == OFF:
            return 2
        return self.spread


OnOptions = Callable[[str, RoomOptions], None]
"""A function that is called with the room id and the options of each client that has taken a seat; it returns
at once and never raises."""
