"""Serial-number arithmetic (RFC 1982) for 16- and 32-bit counters, and their unwrapping to 64 bits."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t


cdef inline bint newer16(uint16_t a, uint16_t b) noexcept nogil:
    """True when sequence number a comes after b."""
    return <int16_t>(<uint16_t>(a - b)) > 0


cdef inline bint newer32(uint32_t a, uint32_t b) noexcept nogil:
    """True when timestamp a comes after b."""
    return <int32_t>(a - b) > 0


cdef inline int64_t unwrap16(int64_t reference, uint16_t value) noexcept nogil:
    """Return the 64-bit number nearest to reference whose low 16 bits are value."""
    return reference + <int16_t>(<uint16_t>(value - <uint16_t>reference))


cdef inline int64_t unwrap32(int64_t reference, uint32_t value) noexcept nogil:
    """Return the 64-bit number nearest to reference whose low 32 bits are value."""
    return reference + <int32_t>(value - <uint32_t>reference)
