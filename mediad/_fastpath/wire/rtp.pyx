"""Reading and writing of RTP headers. Offsets and lengths are checked before bytes behind them are read."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memmove, memset
from mediad._fastpath.base.octets cimport load16, load32, store16, store32

cdef enum:
    ONE_BYTE_PROFILE = 0xBEDE      # RFC 8285 section 4.2
    TWO_BYTE_PROFILE = 0x1000      # section 4.3; the low four bits are appbits
    OSN_BYTES = 2                  # RFC 4588 section 4: the original sequence number


cdef ParseStatus rtp_parse(RtpPacket* packet, uint8_t* data, uint32_t length) noexcept nogil:
    cdef uint32_t header_length, extension_bytes
    memset(packet, 0, sizeof(RtpPacket))
    if length < RTP_HEADER_BYTES or length > 0xFFFF:
        return PARSE_SHORT
    if data[0] >> 6 != 2:
        return PARSE_VERSION
    packet.data = data
    packet.length = <uint16_t>length
    packet.csrc_count = data[0] & 0x0F
    packet.marker = data[1] >> 7
    packet.payload_type = data[1] & 0x7F
    packet.sequence_number = load16(data + 2)
    packet.timestamp = load32(data + 4)
    packet.ssrc = load32(data + 8)
    header_length = RTP_HEADER_BYTES + 4 * <uint32_t>packet.csrc_count
    if header_length > length:
        return PARSE_SHORT
    if data[0] & 0x10:
        if header_length + 4 > length:
            return PARSE_EXTENSION
        extension_bytes = 4 * <uint32_t>load16(data + header_length + 2)
        if header_length + 4 + extension_bytes > length:
            return PARSE_EXTENSION
        packet.extension_profile = load16(data + header_length)
        packet.extension_start = <uint16_t>(header_length + 4)
        packet.extension_bytes = <uint16_t>extension_bytes
        header_length += 4 + extension_bytes
    packet.header_length = <uint16_t>header_length
    return PARSE_OK


cdef ParseStatus rtp_finish(RtpPacket* packet, uint32_t length) noexcept nogil:
    cdef uint32_t payload, padding = 0
    # Unprotecting took the tag off, which rtp_parse could not tell from payload.
    if length < packet.header_length or length > 0xFFFF:
        return PARSE_SHORT
    payload = length - packet.header_length
    if packet.data[0] & 0x20:
        if payload == 0:
            return PARSE_PADDING
        padding = packet.data[length - 1]
        if padding == 0 or padding > payload:
            return PARSE_PADDING
    packet.length = <uint16_t>length
    packet.padding_length = <uint16_t>padding
    packet.payload_length = <uint16_t>(payload - padding)
    return PARSE_OK


cdef inline void note_extension(RtpPacket* packet, uint8_t kind, uint32_t offset, uint32_t length) noexcept nogil:
    if kind < EXT_COUNT:
        packet.extension_offset[kind] = <uint16_t>offset
        packet.extension_length[kind] = <uint8_t>length


cdef void map_one_byte(RtpPacket* packet, const uint8_t* kind_of_id) noexcept nogil:
    """Map one-byte extensions (RFC 8285 section 4.2): a zero byte pads, id 15 is the end, length counts from 1."""
    cdef uint32_t offset = packet.extension_start
    cdef uint32_t end = offset + packet.extension_bytes
    cdef uint32_t length
    cdef uint8_t header
    while offset < end:
        header = packet.data[offset]
        offset += 1
        if header == 0:
            continue
        length = (header & 0x0F) + 1
        if header >> 4 == 15 or header >> 4 == 0 or offset + length > end:
            return
        note_extension(packet, kind_of_id[header >> 4], offset, length)
        offset += length


cdef void map_two_byte(RtpPacket* packet, const uint8_t* kind_of_id) noexcept nogil:
    """Map two-byte extensions (RFC 8285 section 4.3): a zero id is one byte of padding, lengths may be 0."""
    cdef uint32_t offset = packet.extension_start
    cdef uint32_t end = offset + packet.extension_bytes
    cdef uint32_t length
    cdef uint8_t identifier
    while offset < end:
        identifier = packet.data[offset]
        offset += 1
        if identifier == 0:
            continue
        if offset == end:
            return
        length = packet.data[offset]
        offset += 1
        if offset + length > end:
            return
        note_extension(packet, kind_of_id[identifier], offset, length)
        offset += length


cdef void rtp_map_extensions(RtpPacket* packet, const uint8_t* kind_of_id) noexcept nogil:
    memset(packet.extension_offset, 0, sizeof(packet.extension_offset))
    memset(packet.extension_length, 0, sizeof(packet.extension_length))
    if packet.extension_start == 0:
        return
    if packet.extension_profile == ONE_BYTE_PROFILE:
        map_one_byte(packet, kind_of_id)
    elif packet.extension_profile & 0xFFF0 == TWO_BYTE_PROFILE:
        map_two_byte(packet, kind_of_id)


cdef bint rtp_unwrap_rtx(RtpPacket* packet, uint8_t payload_type, uint32_t ssrc) noexcept nogil:
    cdef uint8_t* data
    if packet.payload_length < OSN_BYTES:
        return False
    packet.sequence_number = load16(packet.data + packet.header_length)
    # The header moves over the OSN; the payload, by far the longer part, stays.
    data = packet.data + OSN_BYTES
    memmove(data, packet.data, packet.header_length)
    data[1] = (data[1] & 0x80) | (payload_type & 0x7F)
    store16(data + 2, packet.sequence_number)
    store32(data + 8, ssrc)
    packet.data = data
    packet.length -= OSN_BYTES
    packet.payload_length -= OSN_BYTES
    packet.payload_type = payload_type & 0x7F
    packet.ssrc = ssrc
    return True


cdef uint8_t* extensions_end(uint8_t* start, uint8_t* p, bint two_byte) noexcept nogil:
    while (p - start) & 3:
        p[0] = 0
        p += 1
    store16(start, TWO_BYTE_PROFILE if two_byte else ONE_BYTE_PROFILE)
    store16(start + 2, <uint32_t>((p - start) // 4 - 1))
    return p
