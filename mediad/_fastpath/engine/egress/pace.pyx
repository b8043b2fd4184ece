"""Expiry of the pace timer: held packets that may leave now, and padding for a probe."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.wheel cimport wheel_arm
from mediad._fastpath.engine.egress.estimate cimport path_bps
from mediad._fastpath.engine.graph cimport Consumer, Engine, Transport, consumer_of, pace_timer
from mediad._fastpath.engine.egress.probation cimport probation_send
from mediad._fastpath.engine.egress.repair cimport held_media, held_repeat
from mediad._fastpath.stream.probing cimport probing_padding
from mediad._fastpath.stream.pacer cimport PACED_REPAIR, PacedKind, PacedPacket, pacer_next, pacer_waits

cdef enum:
    PACE_US = 5000


cdef void pace_expired(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[index]
    if transport.handle == 0:
        return
    send_held(engine, transport, now_us)
    send_padding(engine, transport, now_us)
    if transport.estimator.probe.sending or pacer_waits(&transport.pacer):
        wheel_arm(&engine.wheel, pace_timer(engine, index), now_us + PACE_US)


cdef void send_held(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    cdef PacedPacket packet
    cdef PacedKind kind
    cdef Consumer* consumer
    while pacer_next(&transport.pacer, &packet, &kind, path_bps(transport), now_us):
        consumer = consumer_of(engine, packet.consumer)
        if consumer == NULL or not consumer.nack:
            continue                   # closed meanwhile
        if kind == PACED_REPAIR:
            held_repeat(engine, consumer, packet.sequence_number, now_us)
        else:
            held_media(engine, consumer, packet.sequence_number, now_us)


cdef void send_padding(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    """Send padding for the part of the cluster's rate that media has not used."""
    while probing_padding(&transport.estimator, now_us):
        if not probation_send(engine, transport, transport.estimator.probe.packet_bytes, now_us):
            transport.estimator.probe.sending = False  # the stream ended in the middle of it
            return
