"""Timestamps and numbers at the start of a segment."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, ReceiveStream, Transport, unsubscribe
from mediad._fastpath.stream.history cimport StoredPacket
from mediad._fastpath.stream.layer_selector cimport selector_restart, selector_target
from mediad._fastpath.stream.receiver cimport receiver_capture_us
from mediad._fastpath.stream.rewriter cimport rewriter_sync

cdef enum:
    MAX_OVERLAP_US = 1000000       # of two streams' pictures; beyond that their clocks cannot be compared

cdef extern from "<stdint.h>":
    const int64_t MAX_STEP_US "INT64_C(3600000000)"


cdef uint64_t capture_us_of(Engine* engine, ReceiveStream* stream, uint32_t timestamp) noexcept nogil:
    cdef Transport* transport = &engine.transports[engine.producers[stream.producer].transport]
    cdef uint64_t capture_us
    if not transport.has_clock_offset or not receiver_capture_us(&stream.receiver, timestamp, &capture_us):
        return 0
    return <uint64_t>(<int64_t>capture_us + transport.clock_offset_us)


cdef int32_t timestamp_step(Consumer* consumer, const StoredPacket* stored, uint64_t capture_us) noexcept nogil:
    """RTP units from the last picture sent to this one, the first of a new segment.

    By capture times when both are known, so that a switch between simulcast streams shows pictures
    at their true distance; else by arrival times.
    """
    cdef int64_t elapsed_us = -MAX_OVERLAP_US
    if capture_us != 0 and consumer.newest_capture_us != 0:
        elapsed_us = <int64_t>(capture_us - consumer.newest_capture_us)
    if elapsed_us <= -MAX_OVERLAP_US:
        elapsed_us = <int64_t>(stored.received_us - consumer.rewriter.highest_timestamp_us)
    if elapsed_us < -MAX_OVERLAP_US:
        elapsed_us = -MAX_OVERLAP_US
    if elapsed_us > MAX_STEP_US:
        elapsed_us = MAX_STEP_US
    return <int32_t>(elapsed_us * consumer.sender.clock_rate // 1000000)


cdef void segment_begin(Engine* engine, ReceiveStream* stream, Consumer* consumer, StoredPacket* stored,
                        uint64_t capture_us, uint64_t now_us) noexcept nogil:
    """Make the consumer follow `stream` from this packet on."""
    cdef int previous = consumer.current
    cdef uint64_t age_us = now_us - stored.received_us
    rewriter_sync(&consumer.rewriter, stored.sequence, stored.packet.timestamp, &stored.info,
                  timestamp_step(consumer, stored, capture_us),
                  <uint32_t>(age_us * consumer.sender.clock_rate // 1000000), stored.received_us)
    consumer.newest_capture_us = capture_us
    consumer.needs_sync = False
    selector_target(&consumer.layers, consumer.target_spatial, consumer.target_temporal)
    selector_restart(&consumer.layers, stored.sequence)
    consumer.current = <int>stream.encoding
    consumer.announced = False         # also after a pause, which the client reads as the end of all layers
    if previous != consumer.current and previous >= 0:
        unsubscribe(engine, consumer, <uint32_t>previous)
