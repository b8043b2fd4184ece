"""SHA-1 block by block, and what HMAC puts around it."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset
from mediad._fastpath.base.octets cimport load32, store32, store64

cdef enum:
    LENGTH_BYTES = 8               # of the message in bits, at the end of its last block
    INNER_PAD = 0x36
    OUTER_PAD = 0x5C


cdef inline uint32_t rotated(uint32_t value, uint32_t bits) noexcept nogil:
    return (value << bits) | (value >> (32 - bits))


cdef void begin(uint32_t* state) noexcept nogil:
    state[0] = 0x67452301
    state[1] = 0xEFCDAB89
    state[2] = 0x98BADCFE
    state[3] = 0x10325476
    state[4] = 0xC3D2E1F0


cdef void take_block(uint32_t* state, const uint8_t* block) noexcept nogil:
    cdef uint32_t w[80]
    cdef uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4]
    cdef uint32_t mixed, i
    for i in range(16):
        w[i] = load32(block + 4 * i)
    for i in range(16, 80):
        w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1)
    for i in range(80):
        if i < 20:
            mixed = (d ^ (b & (c ^ d))) + <uint32_t>0x5A827999
        elif i < 40:
            mixed = (b ^ c ^ d) + <uint32_t>0x6ED9EBA1
        elif i < 60:
            mixed = ((b & c) | (d & (b | c))) + <uint32_t>0x8F1BBCDC
        else:
            mixed = (b ^ c ^ d) + <uint32_t>0xCA62C1D6
        mixed += rotated(a, 5) + e + w[i]
        e = d
        d = c
        c = rotated(b, 30)
        b = a
        a = mixed
    state[0] += a
    state[1] += b
    state[2] += c
    state[3] += d
    state[4] += e


cdef void finish(uint32_t* state, uint8_t* block, uint32_t used, uint64_t total, uint8_t* digest) noexcept nogil:
    """Pad the last block, of which `used` bytes are filled; `total` counts the bytes of the whole message."""
    cdef uint32_t i
    block[used] = 0x80
    memset(block + used + 1, 0, SHA1_BLOCK_BYTES - used - 1)
    if used + 1 > SHA1_BLOCK_BYTES - LENGTH_BYTES:
        take_block(state, block)
        memset(block, 0, SHA1_BLOCK_BYTES)
    store64(block + SHA1_BLOCK_BYTES - LENGTH_BYTES, total * 8)
    take_block(state, block)
    for i in range(5):
        store32(digest + 4 * i, state[i])


cdef void hmac_set_key(HmacKey* key, const uint8_t* secret, uint32_t length) noexcept nogil:
    cdef uint8_t block[SHA1_BLOCK_BYTES]
    cdef uint32_t i
    for i in range(SHA1_BLOCK_BYTES):
        block[i] = (secret[i] if i < length else 0) ^ INNER_PAD
    begin(key.inner)
    take_block(key.inner, block)
    for i in range(SHA1_BLOCK_BYTES):
        block[i] ^= INNER_PAD ^ OUTER_PAD
    begin(key.outer)
    take_block(key.outer, block)


cdef void hmac_sha1(const HmacKey* key, const uint8_t* first, uint32_t first_length, const uint8_t* rest,
                    uint32_t rest_length, uint8_t* digest) noexcept nogil:
    cdef uint32_t state[5]
    cdef uint8_t block[SHA1_BLOCK_BYTES]
    cdef uint32_t used = first_length, taken
    cdef uint64_t total = SHA1_BLOCK_BYTES + <uint64_t>first_length + rest_length
    memcpy(state, key.inner, sizeof(state))
    memcpy(block, first, first_length)
    while True:
        taken = SHA1_BLOCK_BYTES - used if rest_length > SHA1_BLOCK_BYTES - used else rest_length
        memcpy(block + used, rest, taken)
        used += taken
        rest += taken
        rest_length -= taken
        if used < SHA1_BLOCK_BYTES:
            break
        take_block(state, block)
        used = 0
    finish(state, block, used, total, digest)
    memcpy(state, key.outer, sizeof(state))
    memcpy(block, digest, SHA1_BYTES)
    finish(state, block, SHA1_BYTES, SHA1_BLOCK_BYTES + SHA1_BYTES, digest)
