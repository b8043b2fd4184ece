"""Counters of the media path by name, read while the media thread counts: each is whole, but not all of one instant."""

from mediad._fastpath.engine.graph cimport Engine

# Totals and drops since the start.
cdef dict read_counters(const Engine* engine)
# Slots of the packet pool: total, free, and stored for repeats.
cdef dict read_packet_slots(const Engine* engine)
