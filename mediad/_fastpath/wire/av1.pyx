"""Bodies of av1.pxd. The two places where AV1 says what a packet is:

Dependency descriptor (appendix A.8): start_of_frame(1) end_of_frame(1) template_id(6) frame_number(16); when longer,
    structure_present(1) decode_targets(1) custom(3) and the structure.
Aggregation header (section 4.4): |Z|Y|W W|N|-|-|-|; Z: continues an element; W: number of elements, the last of which
    has no length, or 0: each has one; N: first packet of a coded video sequence.
"""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport EXT_DEPENDENCY_DESCRIPTOR, RtpPacket

cdef enum:
    DESCRIPTOR_BYTES = 3
    MAX_TEMPLATES = 64
    MAX_TEMPORAL = 7           # both ids have at most three bits
    MAX_SPATIAL = 3
    OBU_SEQUENCE_HEADER = 1

ctypedef struct BitReader:
    const uint8_t* p
    uint32_t position          # in bits
    uint32_t end
    bint failed


cdef inline uint32_t bits(BitReader* reader, uint32_t count) noexcept nogil:
    """The next bits, first one highest; 0 and `failed` when they are not there."""
    cdef uint32_t value = 0
    cdef uint32_t _
    if count > reader.end - reader.position:
        reader.failed = True
        return 0
    for _ in range(count):
        value = value << 1 | (reader.p[reader.position >> 3] >> (7 - (reader.position & 7)) & 1)
        reader.position += 1
    return value


cdef void read_template_layers(BitReader* reader, uint32_t wanted, PayloadInfo* info) noexcept nogil:
    """template_layers() of appendix A.8.3: each template is a step from the one before it; stop at the wanted one."""
    cdef uint32_t index = 0, step, temporal = 0, spatial = 0
    while index < wanted:
        step = bits(reader, 2)
        if reader.failed or step == 3 or index == MAX_TEMPLATES:
            return
        if step == 1:
            temporal += 1
        elif step == 2:
            temporal = 0
            spatial += 1
        index += 1
    if temporal <= MAX_TEMPORAL and spatial <= MAX_SPATIAL:
        info.has_layers = True
        info.temporal_layer = <uint8_t>temporal
        info.spatial_layer = <uint8_t>spatial


cdef bint dependency_descriptor_describe(const uint8_t* p, uint32_t length, PayloadInfo* info) noexcept nogil:
    cdef BitReader reader
    cdef uint32_t template_id, id_offset
    if length < DESCRIPTOR_BYTES:
        return False
    info.starts_frame = p[0] >> 7
    template_id = p[0] & 0x3F
    if length == DESCRIPTOR_BYTES:
        return True
    reader.p = p
    reader.position = 8 * DESCRIPTOR_BYTES
    reader.end = 8 * length
    reader.failed = False
    if not bits(&reader, 1):
        return True
    # Sent with the first packet of each key frame, whose templates it describes (appendix A.4).
    info.is_keyframe = info.starts_frame
    bits(&reader, 4)
    id_offset = bits(&reader, 6)
    bits(&reader, 5)
    if not reader.failed:
        read_template_layers(&reader, (template_id - id_offset) & (MAX_TEMPLATES - 1), info)
    return True


cdef uint32_t first_element(const uint8_t* p, uint32_t length) noexcept nogil:
    """Where the first OBU element starts, behind its LEB128 length unless it is the only one (W = 1); 0: cut off."""
    cdef uint32_t offset = 1
    if p[0] & 0x30 != 0x10:
        while offset < length and p[offset] & 0x80:
            offset += 1
        offset += 1
    return offset if offset < length else 0


cdef void av1_payload_describe(const uint8_t* p, uint32_t length, PayloadInfo* info) noexcept nogil:
    cdef uint32_t offset
    if length == 0:
        return
    info.is_keyframe = p[0] >> 3 & 1
    info.starts_frame = info.is_keyframe
    if p[0] & 0x80:
        return  # the first element continues: its header was in an earlier packet
    offset = first_element(p, length)
    if offset == 0:
        return
    if p[offset] >> 3 & 0x0F == OBU_SEQUENCE_HEADER:
        info.is_keyframe = True
        info.starts_frame = True
    if p[offset] & 0x04 and offset + 1 < length:
        info.has_layers = True
        info.temporal_layer = p[offset + 1] >> 5
        info.spatial_layer = p[offset + 1] >> 3 & 0x03


cdef void av1_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    cdef uint32_t descriptor = packet.extension_offset[<int>EXT_DEPENDENCY_DESCRIPTOR]
    if descriptor != 0 and dependency_descriptor_describe(
            packet.data + descriptor, packet.extension_length[<int>EXT_DEPENDENCY_DESCRIPTOR], info):
        return
    av1_payload_describe(packet.data + packet.header_length, packet.payload_length, info)
