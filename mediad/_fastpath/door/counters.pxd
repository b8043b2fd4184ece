"""Counters of the media path by name, read while the media thread counts: each is whole, all are a moment apart."""

from mediad._fastpath.engine.graph cimport Engine

# Totals and drops since the start.
cdef dict read_counters(const Engine* engine)
# How full the pool of packets is, and of what.
cdef dict read_packet_slots(const Engine* engine)
