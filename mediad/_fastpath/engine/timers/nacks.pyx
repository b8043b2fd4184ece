"""NACKs: packets of one stream that are missing, asked for when their time has come."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t, uint8_t
from mediad._fastpath.base.wheel cimport wheel_arm
from mediad._fastpath.engine.egress.datagram cimport RTCP_BYTES, rtcp_begin, rtcp_reaches, send_rtcp
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_keyframe
from mediad._fastpath.engine.graph cimport Engine, Producer, ReceiveStream, Transport, nack_timer
from mediad._fastpath.engine.counts cimport COUNT_NACKS_SENT
from mediad._fastpath.stream.nack cimport nack_deadline, nack_due
from mediad._fastpath.wire.rtcp cimport rtcp_write_nack

cdef enum:
    NACK_BATCH = 128
    DEFAULT_RTT_US = 100000


cdef void nacks_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef ReceiveStream* stream = &engine.streams[index]
    cdef Producer* producer = &engine.producers[stream.producer]
    cdef Transport* transport
    cdef uint16_t[NACK_BATCH] lost
    cdef uint32_t count
    cdef uint64_t rtt_us, deadline
    cdef uint8_t* out
    cdef uint8_t* p
    if not stream.detected or producer.handle == 0:
        return
    transport = &engine.transports[producer.transport]
    rtt_us = transport.rtt_us if transport.rtt_us != 0 else DEFAULT_RTT_US
    if not rtcp_reaches(transport) and nack_deadline(&stream.receiver.nack) != 0:
        # A NACK that cannot be sent uses up no try.
        wheel_arm(&engine.wheel, nack_timer(engine, index), now_us + DEFAULT_RTT_US)
        return
    count = nack_due(&stream.receiver.nack, now_us, rtt_us, lost, NACK_BATCH)
    if count:
        out = rtcp_begin(engine, transport)
        if out != NULL:
            p = rtcp_write_nack(out, out + RTCP_BYTES, transport.rtcp_ssrc, stream.receiver.ssrc, lost, count)
            if p != NULL:
                engine.counts[<int>COUNT_NACKS_SENT] += 1
                send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)
    if stream.receiver.nack.wants_keyframe:
        stream.receiver.nack.wants_keyframe = False
        if producer.video:
            demand_keyframe(engine, stream, now_us)
    deadline = nack_deadline(&stream.receiver.nack)
    if deadline != 0:
        wheel_arm(&engine.wheel, nack_timer(engine, index), deadline)
