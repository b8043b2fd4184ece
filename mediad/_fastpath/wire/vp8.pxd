"""Payload descriptor of VP8 (RFC 7741 section 4.2): read to choose layers, rewritten so that a switch leaves no gap."""

from libc.stdint cimport uint8_t, uint16_t
from mediad._fastpath.base.octets cimport store16
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef void vp8_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil


cdef inline void vp8_write_counters(uint8_t* payload, const PayloadInfo* info, uint16_t picture_id,
                                    uint8_t tl0_picture_index) noexcept nogil:
    """Write both counters, in the width the packet has: widening a 7-bit picture id would move the payload."""
    if info.picture_id_bits == 15:
        store16(payload + info.picture_id_offset, 0x8000 | (picture_id & 0x7FFF))
    elif info.picture_id_bits == 7:
        payload[info.picture_id_offset] = picture_id & 0x7F
    if info.tl0_offset != 0:
        payload[info.tl0_offset] = tl0_picture_index
