"""RouterContext: the three things that everything on a router works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mediad.clock import Clock
from mediad.pipe.events import RouterEvent
from mediad.worker.media.plane import MediaPlane

Emit = Callable[[RouterEvent], None]
"""Tell the supervisor of something that changed by itself."""


@dataclass(frozen=True, slots=True)
class RouterContext:
    """The media path, the way to tell of events, and the clock, for a router and all its objects."""

    plane: MediaPlane
    emit: Emit
    clock: Clock
