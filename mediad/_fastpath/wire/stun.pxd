"""Reading of STUN (RFC 8489) as far as routing needs it: the kind of message, our username fragment, and its signature.

Only what is signed with the password that belongs to the fragment costs Python anything, and earns anything.
"""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.wire.hmac_sha1 cimport HmacKey

# True for a well-formed STUN header with magic cookie whose length field matches.
cdef bint stun_is_message(const uint8_t* data, uint32_t length) noexcept nogil
# The part of USERNAME before ':' (points into data); false when there is none. Bounded walk over attributes.
cdef bint stun_local_username(const uint8_t* data, uint32_t length, const uint8_t** fragment,
                              uint32_t* fragment_length) noexcept nogil
# True for a message whose MESSAGE-INTEGRITY was made with this key.
cdef bint stun_is_signed(const uint8_t* data, uint32_t length, const HmacKey* key) noexcept nogil
