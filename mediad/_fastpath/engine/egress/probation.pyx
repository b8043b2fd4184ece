"""Packets of the probation stream, and the video consumers that a transport needs to have one."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset
from mediad._fastpath.base.clock cimport abs_send_time
from mediad._fastpath.base.octets cimport store16, store24, store32
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.engine.graph cimport Consumer, Engine, Transport, drop
from mediad._fastpath.engine.counts cimport COUNT_PROBATION_SENT, DROP_PROTECT_FAILED
from mediad._fastpath.engine.egress.datagram cimport datagram_begin, datagram_commit
from mediad._fastpath.stream.estimator cimport estimator_sent
from mediad._fastpath.wire.rtp cimport (
    EXT_ABS_SEND_TIME, EXT_MID, EXT_TRANSPORT_CC, RTP_HEADER_BYTES, extension_put, extensions_begin, extensions_end,
)
from mediad._fastpath.wire.srtp cimport SRTP_OK, srtp_protect

cdef enum:
    PROBATION_SSRC = 1234
    PROBATION_PAYLOAD_TYPE = 127
    MID_BYTES = 8

cdef const uint8_t* PROBATION_MID = b"probator"


cdef bint counts(const Consumer* consumer) noexcept nogil:
    return consumer.video and consumer.extension_ids[<int>EXT_TRANSPORT_CC] != 0


cdef void probation_joined(Transport* transport, const Consumer* consumer) noexcept nogil:
    if not counts(consumer):
        return
    if transport.probation.consumers == 0:
        memcpy(transport.probation.extension_ids, consumer.extension_ids, sizeof(consumer.extension_ids))
    transport.probation.consumers += 1


cdef void probation_left(Transport* transport, const Consumer* consumer) noexcept nogil:
    if counts(consumer):
        transport.probation.consumers -= 1


cdef bint probation_ready(const Transport* transport) noexcept nogil:
    return (
        transport.probation.consumers != 0
        and transport.has_address
        and (not transport.secure or transport.probation.session != NULL)
    )


cdef uint8_t* write_header(Transport* transport, uint8_t* out, uint64_t now_us) noexcept nogil:
    cdef const uint8_t* ids = transport.probation.extension_ids
    cdef uint8_t value[3]
    cdef uint8_t* block = out + RTP_HEADER_BYTES
    cdef uint8_t* p = extensions_begin(block)
    out[0] = 0x90
    out[1] = PROBATION_PAYLOAD_TYPE
    store16(out + 2, transport.probation.sequence_number)
    store32(out + 4, <uint32_t>(now_us * 9 // 100))        # 90 kHz, as any video
    store32(out + 8, PROBATION_SSRC)
    if ids[<int>EXT_MID]:
        p = extension_put(p, False, ids[<int>EXT_MID], PROBATION_MID, MID_BYTES)
    if ids[<int>EXT_ABS_SEND_TIME]:
        store24(value, abs_send_time(now_us))
        p = extension_put(p, False, ids[<int>EXT_ABS_SEND_TIME], value, 3)
    store16(value, transport.transport_cc_sequence)
    p = extension_put(p, False, ids[<int>EXT_TRANSPORT_CC], value, 2)
    return extensions_end(block, p, False)


cdef bint probation_send(Engine* engine, Transport* transport, uint32_t payload_bytes, uint64_t now_us) noexcept nogil:
    cdef uint8_t* out
    cdef uint8_t* payload
    cdef int length
    if not probation_ready(transport):
        return False
    out = datagram_begin(engine, transport)
    if out == NULL:
        return False
    if payload_bytes > PROBATION_BYTES:
        payload_bytes = PROBATION_BYTES
    payload = write_header(transport, out, now_us)
    memset(payload, 0, payload_bytes)
    length = <int>(payload - out) + <int>payload_bytes
    transport.probation.sequence_number += 1
    transport.probation.sent.bytes += <uint64_t>length
    rate_add(&transport.probation.sent.rate, <uint32_t>length, now_us)
    if transport.secure and srtp_protect(transport.probation.session, out, &length) != SRTP_OK:
        drop(engine, DROP_PROTECT_FAILED)
        return False
    estimator_sent(&transport.estimator, transport.transport_cc_sequence, <uint32_t>length, now_us)
    transport.transport_cc_sequence += 1
    engine.counts[<int>COUNT_PROBATION_SENT] += 1
    datagram_commit(engine, transport, <uint32_t>length, now_us)
    return True
