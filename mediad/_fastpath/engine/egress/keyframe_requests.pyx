"""Key frame requests to a sender, as often as stream/keyframes allows."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.wheel cimport wheel_arm
from mediad._fastpath.engine.graph cimport (
    Consumer, Engine, Producer, ReceiveStream, Transport, keyframe_timer, target_stream,
)
from mediad._fastpath.engine.counts cimport COUNT_KEYFRAME_REQUESTS
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS
from mediad._fastpath.engine.egress.datagram cimport RTCP_BYTES, rtcp_begin, send_rtcp
from mediad._fastpath.stream.keyframes cimport keyframes_deadline, keyframes_due, keyframes_want
from mediad._fastpath.wire.rtcp cimport rtcp_write_fir, rtcp_write_pli, rtcp_write_rr


cdef void send_request(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil:
    """Send a PLI (RFC 4585), or FIR (RFC 5104) when only that was negotiated, behind an RR."""
    cdef Producer* producer = &engine.producers[stream.producer]
    cdef Transport* transport = &engine.transports[producer.transport]
    cdef uint8_t* out = rtcp_begin(engine, transport)
    cdef uint8_t* p
    if out == NULL:
        return
    p = rtcp_write_rr(out, out + RTCP_BYTES, transport.rtcp_ssrc, NULL, 0)
    if producer.pli or not producer.fir:
        p = rtcp_write_pli(p, out + RTCP_BYTES, transport.rtcp_ssrc, stream.receiver.ssrc)
    else:
        transport.fir_command += 1
        p = rtcp_write_fir(p, out + RTCP_BYTES, transport.rtcp_ssrc, stream.receiver.ssrc, transport.fir_command)
    engine.counts[<int>COUNT_KEYFRAME_REQUESTS] += 1
    send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)


cdef void look_again(Engine* engine, ReceiveStream* stream) noexcept nogil:
    cdef uint64_t deadline = keyframes_deadline(&stream.keyframes)
    if deadline != 0:
        wheel_arm(&engine.wheel, keyframe_timer(engine, stream.producer * MAX_ENCODINGS + stream.encoding), deadline)


cdef void demand_keyframe(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil:
    if not stream.detected or engine.producers[stream.producer].paused:
        return                     # its first packet, or its resume, finds the waiting consumers
    if keyframes_want(&stream.keyframes, now_us):
        send_request(engine, stream, now_us)
    look_again(engine, stream)


cdef void demand_target(Engine* engine, const Consumer* consumer, uint64_t now_us) noexcept nogil:
    if consumer.video:
        demand_keyframe(engine, target_stream(engine, consumer), now_us)


cdef void demand_expired(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil:
    if not stream.detected or stream.subscriber_count == 0:
        stream.keyframes.wanted = False    # the consumers that wanted it are gone
        return
    if keyframes_due(&stream.keyframes, now_us):
        send_request(engine, stream, now_us)
    look_again(engine, stream)
