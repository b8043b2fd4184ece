from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef enum:
    PORT = 5000
    HEADER_BYTES = 12
    # The longest is more than any path that ICE finds carries.
    SHORTEST_PACKET = HEADER_BYTES + 4
    LONGEST_PACKET = 2048

    # RFC 9260 section 3.2, RFC 6525 section 3, RFC 3758 section 3.2
    DATA = 0
    INIT = 1
    INIT_ACK = 2
    SACK = 3
    HEARTBEAT = 4
    HEARTBEAT_ACK = 5
    ABORT = 6
    SHUTDOWN = 7
    ERROR = 9
    SHUTDOWN_COMPLETE = 14
    RE_CONFIG = 0x82
    FORWARD_TSN = 0xC0
    # Extensions that libusrsctp has, and that our INIT does not offer.
    ECNE = 12
    CWR = 13
    AUTH = 15
    NR_SACK = 0x10
    I_DATA = 0x40
    ASCONF_ACK = 0x80
    PACKET_DROPPED = 0x81
    ASCONF = 0xC1
    I_FORWARD_TSN = 0xC2

    REFLECTED = 1                  # flag T: the tag is the one that its sender was sent

    # Parameters of INIT: DTLS has the addresses, RFC 9260 section 3.3.2.1.
    IPV4_ADDRESS = 5
    IPV6_ADDRESS = 6
    HOST_NAME = 11


cdef inline uint16_t load16(const uint8_t* data) noexcept nogil:
    return <uint16_t>(data[0] << 8 | data[1])


cdef Fault packet_fault(const uint8_t* packet, size_t length, bint connected, const Tags* tags) noexcept nogil:
    cdef size_t offset = HEADER_BYTES, size
    cdef Fault fault
    if length < SHORTEST_PACKET or length > LONGEST_PACKET:
        return FAULT_LENGTH
    if load16(packet) != PORT or load16(packet + 2) != PORT:
        return FAULT_PORT
    while offset < length:
        if length - offset < 4:
            return FAULT_CHUNK
        size = load16(packet + offset + 2)
        if size < 4 or size > length - offset:
            return FAULT_CHUNK
        fault = chunk_fault(packet + offset, size)
        if fault != FAULT_NONE:
            return fault
        if packet[offset] == INIT or packet[offset] == INIT_ACK:
            if offset != HEADER_BYTES or HEADER_BYTES + padded(size) < length or connected:
                return FAULT_INIT
        offset += padded(size)
    return tag_fault(tags, packet)


cdef inline uint32_t load32(const uint8_t* data) noexcept nogil:
    return <uint32_t>load16(data) << 16 | load16(data + 2)


cdef void note_tags(Tags* tags, const uint8_t* packet, size_t length) noexcept nogil:
    if length < HEADER_BYTES + 8:
        return
    if packet[HEADER_BYTES] == INIT or packet[HEADER_BYTES] == INIT_ACK:
        tags.own = load32(packet + HEADER_BYTES + 4)
    if packet[HEADER_BYTES] != INIT:
        tags.peer = load32(packet + 4)


cdef Fault tag_fault(const Tags* tags, const uint8_t* packet) noexcept nogil:
    cdef uint8_t kind = packet[HEADER_BYTES]
    cdef uint32_t expected = tags.own
    if kind == INIT:
        expected = 0
    elif (kind == ABORT or kind == SHUTDOWN_COMPLETE) and packet[HEADER_BYTES + 1] & REFLECTED:
        expected = tags.peer
    return FAULT_NONE if load32(packet + 4) == expected else FAULT_TAG


cdef bint is_init(const uint8_t* packet) noexcept nogil:
    return packet[HEADER_BYTES] == INIT


cdef inline size_t padded(size_t size) noexcept nogil:
    return (size + 3) & ~<size_t>3


cdef Fault chunk_fault(const uint8_t* chunk, size_t size) noexcept nogil:
    """`size` bytes are there, and are at least the chunk's header."""
    cdef uint8_t kind = chunk[0]
    if kind == DATA:
        return at_least(size, 16 + 1)
    if kind == SACK:
        if size < 16:
            return FAULT_CHUNK
        return at_least(size, 16 + 4 * (<size_t>load16(chunk + 12) + load16(chunk + 14)))
    if kind == INIT or kind == INIT_ACK:
        return parameters_fault(chunk, size, 20)
    if kind == RE_CONFIG or kind == ERROR or kind == ABORT or kind == HEARTBEAT or kind == HEARTBEAT_ACK:
        return parameters_fault(chunk, size, 4)
    if kind == SHUTDOWN or kind == FORWARD_TSN:
        return at_least(size, 8)
    if (kind == ECNE or kind == CWR or kind == AUTH or kind == NR_SACK or kind == I_DATA or kind == ASCONF_ACK
            or kind == PACKET_DROPPED or kind == ASCONF or kind == I_FORWARD_TSN):
        return FAULT_KIND
    return FAULT_NONE


cdef inline Fault at_least(size_t size, size_t wanted) noexcept nogil:
    return FAULT_NONE if size >= wanted else FAULT_CHUNK


cdef Fault parameters_fault(const uint8_t* chunk, size_t size, size_t offset) noexcept nogil:
    """Look at the parameters, or causes of an error, from an offset to the end of a chunk."""
    cdef bint is_init = offset != 4
    cdef size_t length
    cdef uint16_t kind
    if size < offset:
        return FAULT_CHUNK
    while offset < size:
        if size - offset < 4:
            return FAULT_CHUNK
        kind = load16(chunk + offset)
        length = load16(chunk + offset + 2)
        if length < 4 or length > size - offset:
            return FAULT_CHUNK
        if is_init and (kind == IPV4_ADDRESS or kind == IPV6_ADDRESS or kind == HOST_NAME):
            return FAULT_KIND
        offset += padded(length)
    return FAULT_NONE


cdef const char* fault_name(Fault fault) noexcept:
    """The reason under which a packet is counted."""
    if fault == FAULT_LENGTH:
        return b"packet_length"
    if fault == FAULT_PORT:
        return b"port"
    if fault == FAULT_CHUNK:
        return b"chunk"
    if fault == FAULT_KIND:
        return b"chunk_kind"
    if fault == FAULT_TAG:
        return b"tag"
    return b"init"
