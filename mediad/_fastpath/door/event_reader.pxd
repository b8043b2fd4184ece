"""Events and punted datagrams of the engine, read as the types of door/events.py."""

from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.messages cimport Event, Punt


cdef class EventReader:
    cdef dict partial_stats            # request id → records so far

    # Up to `limit` punted datagrams and as many events.
    cdef list take(self, Engine* engine, int limit)
    cdef object read_event(self, const Event* event)
    cdef object read_stats(self, const Event* event)


cdef object read_punt(const Punt* punt)
