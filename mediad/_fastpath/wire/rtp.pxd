"""RTP header (RFC 3550 section 5.1) and header extensions (RFC 8285), read as a view and written in place."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t

cpdef enum ExtensionKind:
    EXT_MID = 0
    EXT_RID = 1
    EXT_REPAIRED_RID = 2
    EXT_ABS_SEND_TIME = 3
    EXT_TRANSPORT_CC = 4
    EXT_AUDIO_LEVEL = 5
    EXT_DEPENDENCY_DESCRIPTOR = 6
    EXT_ORIENTATION = 7
    EXT_TOFFSET = 8
    EXT_ABS_CAPTURE_TIME = 9
    EXT_PLAYOUT_DELAY = 10

cdef enum:
    EXT_COUNT = 11
    EXT_UNKNOWN = 255
    RTP_HEADER_BYTES = 12

cpdef enum ParseStatus:
    PARSE_OK = 0
    PARSE_SHORT = 1            # fewer bytes than the fields claim
    PARSE_VERSION = 2          # not version 2
    PARSE_EXTENSION = 3        # extension length runs over the end
    PARSE_PADDING = 4          # padding count 0 or larger than the payload

ctypedef struct RtpPacket:
    uint8_t* data
    uint16_t length            # all bytes
    uint16_t header_length     # fixed header, CSRCs and extension block
    uint16_t payload_length    # without padding; set by rtp_finish
    uint16_t padding_length
    uint16_t sequence_number
    uint16_t extension_start   # first byte behind the extension's 4-byte header; 0 = no extension block
    uint16_t extension_bytes
    uint16_t extension_profile  # 0xBEDE one-byte, 0x100x two-byte
    uint32_t timestamp
    uint32_t ssrc
    uint8_t payload_type
    uint8_t marker
    uint8_t csrc_count
    uint8_t extension_length[EXT_COUNT]
    uint16_t extension_offset[EXT_COUNT]   # 0 = absent

# Header only: safe on ciphertext, touches nothing behind the header. Clears every extension_offset.
cdef ParseStatus rtp_parse(RtpPacket* packet, uint8_t* data, uint32_t length) noexcept nogil
# After unprotect: the plaintext length and padding. payload_length may be 0 (padding-only probe).
cdef ParseStatus rtp_finish(RtpPacket* packet, uint32_t length) noexcept nogil
# Fill extension_offset/length; kind_of_id[id] is an ExtensionKind or EXT_UNKNOWN (256 entries). A bad element ends the
# walk; of a repeated one the last counts.
cdef void rtp_map_extensions(RtpPacket* packet, const uint8_t* kind_of_id) noexcept nogil
# RFC 4588: turn an RTX packet into the original in place (moves the header up by 2 bytes: packet.data += 2).
# False when the payload has no OSN. The view is re-based; extension offsets stay valid relative to the new data.
cdef bint rtp_unwrap_rtx(RtpPacket* packet, uint8_t payload_type, uint32_t ssrc) noexcept nogil

# Writing extensions (ids 1..14): begin → put… → end returns the end of the padded block. An element has 1..16 bytes, or
# up to 255 in the two-byte form, which then all elements of the packet have.
cdef inline uint8_t* extensions_begin(uint8_t* p) noexcept nogil:
    return p + 4


cdef inline uint8_t* extension_put(uint8_t* p, bint two_byte, uint8_t extension_id, const uint8_t* value,
                                   uint8_t length) noexcept nogil:
    cdef int i
    if two_byte:
        p[0] = extension_id
        p[1] = length
        p += 2
    else:
        p[0] = <uint8_t>((extension_id << 4) | (length - 1))
        p += 1
    for i in range(length):
        p[i] = value[i]
    return p + length


cdef uint8_t* extensions_end(uint8_t* start, uint8_t* p, bint two_byte) noexcept nogil
