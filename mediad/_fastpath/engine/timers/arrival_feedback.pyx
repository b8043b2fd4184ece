"""Transport-cc feedback to a peer about the packets that came since the last."""

from libc.stdint cimport uint32_t, uint64_t, uint8_t
from mediad._fastpath.base.wheel cimport wheel_arm
from mediad._fastpath.engine.egress.datagram cimport RTCP_BYTES, rtcp_begin, send_rtcp
from mediad._fastpath.engine.graph cimport Engine, Transport, feedback_timer
from mediad._fastpath.stream.twcc cimport TWCC_INTERVAL_US, twcc_pending, twcc_write_feedback


cdef void feedback_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    """Send transport-cc feedback for packets since the last; a lone feedback packet is legal with reduced-size RTCP."""
    cdef Transport* transport = &engine.transports[index]
    cdef uint8_t* out
    cdef uint8_t* p
    if transport.handle == 0:
        return
    while twcc_pending(&transport.transport_cc):
        out = rtcp_begin(engine, transport)
        if out == NULL:
            break
        p = twcc_write_feedback(&transport.transport_cc, out, out + RTCP_BYTES, transport.rtcp_ssrc)
        if p == NULL:
            break
        send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)
    if twcc_pending(&transport.transport_cc):
        # There is no way to the peer now. Arrivals arm the timer only when nothing is owed yet.
        wheel_arm(&engine.wheel, feedback_timer(engine, index), now_us + TWCC_INTERVAL_US)
