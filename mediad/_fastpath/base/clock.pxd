"""Microseconds to the two clocks RTP needs: 32.32 NTP (RFC 3550 section 4) and 6.18 absolute send time."""

from libc.stdint cimport uint32_t, uint64_t


cdef inline uint64_t ntp_from_us(uint64_t wall_us) noexcept nogil:
    """NTP timestamp (seconds since 1900 in 32.32) of microseconds since 1970."""
    cdef uint64_t seconds = wall_us // 1000000 + <uint64_t>2208988800
    cdef uint64_t fraction = ((wall_us % 1000000) << 32) // 1000000
    return (seconds << 32) | fraction


cdef inline uint64_t us_from_ntp(uint64_t ntp) noexcept nogil:
    """Microseconds since 1970 of an NTP timestamp from 1970 to 2106; seconds wrap in 2036 (RFC 5905 section 6)."""
    cdef uint32_t seconds = <uint32_t>((ntp >> 32) - <uint64_t>2208988800)
    return <uint64_t>seconds * 1000000 + ((<uint64_t><uint32_t>ntp * 1000000) >> 32)


cdef inline uint32_t compact_ntp(uint64_t ntp) noexcept nogil:
    """Middle 32 bits of an NTP timestamp, unit 1/65536 s, as LSR and DLSR use them."""
    return <uint32_t>(ntp >> 16)


cdef inline uint64_t us_from_compact(uint32_t compact) noexcept nogil:
    return (<uint64_t>compact * 1000000) >> 16


cdef inline uint32_t abs_send_time(uint64_t now_us) noexcept nogil:
    """Absolute send time: 24 bits of 6.18 fixed-point seconds (webrtc.org abs-send-time)."""
    return <uint32_t>(((now_us << 18) // 1000000) & 0xFFFFFF)
