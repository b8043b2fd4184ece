"""OpenSSL's SHA-1, and what HMAC puts around it.

Its HMAC allocates for every message, and SHA1_Init and its like do not: all they keep is in a structure of the
caller, which has been the same in every release. They are taken from the OpenSSL that pylibsrtp has inside.
"""

from libc.stdint cimport uint8_t, uint32_t, uintptr_t
from libc.string cimport memcpy, memset

import ctypes
import importlib

ctypedef int (*Init)(void* state) noexcept nogil
ctypedef int (*Update)(void* state, const void* data, size_t length) noexcept nogil
ctypedef int (*Final)(uint8_t* digest, void* state) noexcept nogil

cdef enum:
    INNER_PAD = 0x36
    OUTER_PAD = 0x5C


def _address(name: str) -> int:
    """Return the address of an OpenSSL function; a pylibsrtp that was built elsewhere may have it in no file of its."""
    for module in ("pylibsrtp._binding", "_hashlib"):
        path = getattr(importlib.import_module(module), "__file__", None)  # a static Python has no file of the second
        function = getattr(ctypes.CDLL(path), name, None)
        if function is not None:
            return ctypes.cast(function, ctypes.c_void_p).value
    raise ImportError(f"neither pylibsrtp nor this Python shows OpenSSL's {name}: install pylibsrtp again with pip")


cdef Init sha1_init = <Init><uintptr_t>_address("SHA1_Init")
cdef Update sha1_update = <Update><uintptr_t>_address("SHA1_Update")
cdef Final sha1_final = <Final><uintptr_t>_address("SHA1_Final")


cdef void hmac_set_key(HmacKey* key, const uint8_t* secret, uint32_t length) noexcept nogil:
    cdef uint8_t block[SHA1_BLOCK_BYTES]
    cdef uint32_t i
    memset(key, 0, sizeof(HmacKey))
    for i in range(SHA1_BLOCK_BYTES):
        block[i] = (secret[i] if i < length else 0) ^ INNER_PAD
    sha1_init(key.inner)
    sha1_update(key.inner, block, SHA1_BLOCK_BYTES)
    for i in range(SHA1_BLOCK_BYTES):
        block[i] ^= INNER_PAD ^ OUTER_PAD
    sha1_init(key.outer)
    sha1_update(key.outer, block, SHA1_BLOCK_BYTES)


cdef void hmac_sha1(const HmacKey* key, const uint8_t* first, uint32_t first_length, const uint8_t* rest,
                    uint32_t rest_length, uint8_t* digest) noexcept nogil:
    cdef uint32_t state[SHA1_STATE_WORDS]
    memcpy(state, key.inner, sizeof(state))
    sha1_update(state, first, first_length)
    sha1_update(state, rest, rest_length)
    sha1_final(digest, state)
    memcpy(state, key.outer, sizeof(state))
    sha1_update(state, digest, SHA1_BYTES)
    sha1_final(digest, state)
