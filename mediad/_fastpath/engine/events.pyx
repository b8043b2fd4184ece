"""Room in the event ring, and the events that must arrive."""

from libc.stdint cimport uint32_t
from mediad._fastpath.base.ring cimport ring_push, ring_room
from mediad._fastpath.engine.graph cimport Engine, drop
from mediad._fastpath.engine.counts cimport DROP_EVENT_FULL
from mediad._fastpath.engine.messages cimport EVENT_CLOSED, EVENT_REFUSED, Command, Event, Kind, Refusal

cdef enum:
    COMMAND_EVENTS = 8             # more than one command causes
    EVENT_RESERVE = 64             # room in the ring kept for events that must arrive


cdef bint events_have_room(Engine* engine) noexcept nogil:
    return ring_room(&engine.events) > COMMAND_EVENTS


cdef bint news_have_room(Engine* engine) noexcept nogil:
    return ring_room(&engine.events) >= EVENT_RESERVE


cdef bint emit(Engine* engine, const Event* event) noexcept nogil:
    engine.has_news = True
    return ring_push(&engine.events, event)


cdef bint emit_news(Engine* engine, const Event* event) noexcept nogil:
    if not news_have_room(engine):
        drop(engine, DROP_EVENT_FULL)
        return False
    return emit(engine, event)


cdef void tell_closed(Engine* engine, Kind kind, uint32_t handle) noexcept nogil:
    cdef Event event
    event_begin(&event, EVENT_CLOSED, handle)
    event.body.closed.kind = kind
    emit(engine, &event)


cdef void tell_refused(Engine* engine, Kind kind, const Command* command, Refusal reason) noexcept nogil:
    cdef Event event
    event_begin(&event, EVENT_REFUSED, command.handle)
    event.body.refused.kind = kind
    event.body.refused.command = command.kind
    event.body.refused.reason = reason
    emit(engine, &event)
