"""HMAC-SHA1 (RFC 2104, RFC 3174), which signs the checks of ICE.

The two blocks that a key fills are hashed once, when it is set: a check of a hundred bytes then takes three blocks.
"""

from libc.stdint cimport uint8_t, uint32_t

cdef enum:
    SHA1_BYTES = 20
    SHA1_BLOCK_BYTES = 64

ctypedef struct HmacKey:
    uint32_t inner[5]
    uint32_t outer[5]

# At most SHA1_BLOCK_BYTES of key.
cdef void hmac_set_key(HmacKey* key, const uint8_t* secret, uint32_t length) noexcept nogil
# Of `first`, which is no longer than a block, and `rest`.
cdef void hmac_sha1(const HmacKey* key, const uint8_t* first, uint32_t first_length, const uint8_t* rest,
                    uint32_t rest_length, uint8_t* digest) noexcept nogil
