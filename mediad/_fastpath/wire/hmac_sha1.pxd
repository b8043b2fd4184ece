"""HMAC-SHA1 (RFC 2104), which signs the checks of ICE, on OpenSSL's SHA-1.

The two blocks that a key fills are hashed once, when it is set: a check of a hundred bytes then takes three blocks.
"""

from libc.stdint cimport uint8_t, uint32_t

cdef enum:
    SHA1_BYTES = 20
    SHA1_BLOCK_BYTES = 64
    SHA1_STATE_WORDS = 24  # OpenSSL's SHA_CTX: five words of state, a count of two, a block, a number

ctypedef struct HmacKey:
    uint32_t inner[SHA1_STATE_WORDS]
    uint32_t outer[SHA1_STATE_WORDS]

# At most SHA1_BLOCK_BYTES of key.
cdef void hmac_set_key(HmacKey* key, const uint8_t* secret, uint32_t length) noexcept nogil
# Of `first` and `rest`, one after the other.
cdef void hmac_sha1(const HmacKey* key, const uint8_t* first, uint32_t first_length, const uint8_t* rest,
                    uint32_t rest_length, uint8_t* digest) noexcept nogil
