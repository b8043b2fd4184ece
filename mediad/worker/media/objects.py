"""Objects: the record of one kind of object on the media path, by handle."""

from __future__ import annotations

from typing import Generic, TypeVar

from pylibsrtp import Session

from mediad.worker.media.handles import Slots

Observer = TypeVar("Observer")


class Objects(Generic[Observer]):
    """The transports, the producers or the consumers that the media thread holds.

    `observers` are called with the thread's events. A handle goes back to `handles`, and the sessions lent
    for it are freed, only when the thread says that the object is closed.
    """

    def __init__(self, capacity: int, plural: str) -> None:
        self.handles = Slots(capacity, plural)
        self.observers: dict[int, Observer] = {}
        self._transports: dict[int, int] = {}
        self._lent: dict[int, list[Session]] = {}

    def __len__(self) -> int:
        """Return the number of open objects."""
        return len(self.observers)

    def enter(self, handle: int, observer: Observer, transport: int) -> None:
        """Note a new object; `transport`: the handle of the transport it is on, or is."""
        self.observers[handle] = observer
        self._transports[handle] = transport

    def leave(self, handle: int) -> bool:
        """Forget the observer of an object that is to be closed; False when it is gone already."""
        self._transports.pop(handle, None)
        return self.observers.pop(handle, None) is not None

    def transport_of(self, handle: int) -> int:
        """Return the handle of the transport an open object is on; 0 for a closed object."""
        return self._transports.get(handle, 0)

    def lend(self, handle: int, *sessions: Session) -> None:
        """Keep sessions until the object is closed, even if it gets others: packets may be under way."""
        self._lent.setdefault(handle, []).extend(sessions)

    def lent(self, handle: int) -> int:
        """Return the number of sessions lent for an object."""
        return len(self._lent.get(handle, ()))

    def closed(self, handle: int) -> None:
        """Take back the handle and the sessions: the media thread has closed the object."""
        self.handles.give_back(handle)
        self._lent.pop(handle, None)

    def take_back(self) -> None:
        """Free all sessions: the media thread has ended."""
        self._lent.clear()
