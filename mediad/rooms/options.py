"""RoomOptions: what a client's token says about the room that it enters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoomOptions:
    """The wishes of one token. Only tokens that were verified have any."""

    record: bool = False
    """True when the room is to be recorded from now on, unless it is already."""
    record_format: str | None = None
    """The container of that recording; None: that of the settings."""
    show: bool = False
    """True when the room is to be shown over HLS from now on, unless it is already."""


OnOptions = Callable[[str, RoomOptions], None]
"""A function that is called with the room id and the options of each client that has taken a seat; it returns
at once and never raises."""
