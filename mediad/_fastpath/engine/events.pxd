"""Events up to Python: one record begun, filled in by its kind, and put into the ring.

Events that must arrive (CLOSED, STATS, REFUSED) are only caused when events_have_room(); the others may find the ring
full, and are dropped, counted, or told later.
"""

from libc.stdint cimport uint32_t
from libc.string cimport memset
from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.messages cimport Command, Event, EventKind, Kind, Refusal

# False: the ring is full.
cdef bint emit(Engine* engine, const Event* event) noexcept nogil
# An event that need not arrive leaves room for those that must. False: it was dropped, and counted.
cdef bint emit_news(Engine* engine, const Event* event) noexcept nogil
cdef bint events_have_room(Engine* engine) noexcept nogil
# For events that need not arrive.
cdef bint news_have_room(Engine* engine) noexcept nogil
# Python may free the object: nothing refers to it, or to sessions lent to it, any more.
cdef void tell_closed(Engine* engine, Kind kind, uint32_t handle) noexcept nogil
# The command was not done.
cdef void tell_refused(Engine* engine, Kind kind, const Command* command, Refusal reason) noexcept nogil


cdef inline void event_begin(Event* event, EventKind kind, uint32_t handle) noexcept nogil:
    """Begin an event with an empty body."""
    memset(event, 0, sizeof(Event))
    event.kind = kind
    event.handle = handle
