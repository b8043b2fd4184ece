"""Probe clusters: a short burst at a higher rate, filled up with padding, whose arrival tells what the path can carry.

One cluster at a time. While it is sent every packet of the transport belongs to it, media included.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

cdef enum:
    PROBE_US = 50000

cpdef enum ProbeVerdict:
    PROBE_PENDING = 0
    PROBE_CARRIED = 1          # arrived as fast as it was sent
    PROBE_SLOWED = 2           # arrived slower: its arrival rate is the path's
    PROBE_LOST = 3             # too little came back to tell

ctypedef struct Probe:
    uint8_t cluster            # of the newest, 1..255; 0 = none yet
    bint sending
    bint waiting               # sent, its result is not in
    uint64_t target_bps
    uint64_t begun_us
    uint64_t ended_us
    uint64_t duration_us
    uint32_t packet_bytes      # of padding, so that a small cluster has enough packets to measure
    uint32_t sent_packets
    uint32_t sent_bytes
    uint32_t told              # packets of it that feedback named
    uint32_t received
    uint32_t received_bytes
    uint32_t first_bytes       # of the first and last received, in order of sending
    uint32_t last_bytes
    int64_t first_sent_us
    int64_t last_sent_us
    int64_t first_arrival_us
    int64_t last_arrival_us

# At least PROBE_US long: that outlasts what most shapers let through at once, and queues little.
cdef void probe_begin(Probe* probe, uint64_t target_bps, uint64_t duration_us, uint64_t now_us) noexcept nogil
# Padding (bytes of datagrams) to send now so that the cluster keeps its rate; ends the cluster when its time is over.
cdef uint32_t probe_owed(Probe* probe, uint64_t now_us) noexcept nogil
cdef void probe_sent(Probe* probe, uint32_t bytes, uint64_t now_us) noexcept nogil
cdef void probe_lost(Probe* probe) noexcept nogil
cdef void probe_received(Probe* probe, uint32_t bytes, int64_t sent_us, int64_t arrival_us) noexcept nogil
# `later`: feedback told of a packet sent after the cluster, so nothing more of it will come. Once not pending, the
# cluster is over and *bps is what it measured (0 with PROBE_LOST).
cdef ProbeVerdict probe_judge(Probe* probe, bint later, uint64_t* bps, uint64_t now_us) noexcept nogil
