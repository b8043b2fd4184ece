"""Reading of STUN (RFC 8489) as far as routing needs it: the kind of message, and our username fragment in it."""

from libc.stdint cimport uint8_t, uint32_t

# True for a well-formed STUN header with magic cookie whose length field matches.
cdef bint stun_is_message(const uint8_t* data, uint32_t length) noexcept nogil
# The part of USERNAME before ':' (points into data); false when there is none. Bounded walk over attributes.
cdef bint stun_local_username(const uint8_t* data, uint32_t length, const uint8_t** fragment,
                              uint32_t* fragment_length) noexcept nogil
