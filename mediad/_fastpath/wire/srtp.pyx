"""Bodies of srtp.pxd. The one file that knows pylibsrtp's private names.

cffi's address of a library function is a plain C trampoline: calling it needs no GIL. Its C type is compared before the
cast, because libsrtp 3 gives these functions more arguments and a wrong call would corrupt the stack, not raise.
"""

from libc.stdint cimport uint8_t, uintptr_t

import pylibsrtp
from pylibsrtp import _binding

ctypedef int (*PacketFunction)(void* session, void* data, int* length) noexcept nogil

EXPECTED_TYPE = "srtp_err_status_t(*)(struct srtp_ctx_t_ *, void *, int *)"


def _address(name: str, lib: object = _binding.lib) -> int:
    """The address of libsrtp's packet function `name`; ImportError when its C type is not the expected one."""
    pointer = _binding.ffi.addressof(lib, name)
    found = _binding.ffi.getctype(_binding.ffi.typeof(pointer))
    if found != EXPECTED_TYPE:
        raise ImportError(
            f"pylibsrtp {pylibsrtp.__version__}: {name} has the C type {found!r}, mediad needs {EXPECTED_TYPE!r}"
        )
    return int(_binding.ffi.cast("uintptr_t", pointer))


cdef PacketFunction protect = <PacketFunction><uintptr_t>_address("srtp_protect")
cdef PacketFunction unprotect = <PacketFunction><uintptr_t>_address("srtp_unprotect")
cdef PacketFunction protect_rtcp = <PacketFunction><uintptr_t>_address("srtp_protect_rtcp")
cdef PacketFunction unprotect_rtcp = <PacketFunction><uintptr_t>_address("srtp_unprotect_rtcp")


cdef int srtp_protect(void* session, uint8_t* data, int* length) noexcept nogil:
    return protect(session, data, length)


cdef int srtp_unprotect(void* session, uint8_t* data, int* length) noexcept nogil:
    return unprotect(session, data, length)


cdef int srtp_protect_rtcp(void* session, uint8_t* data, int* length) noexcept nogil:
    return protect_rtcp(session, data, length)


cdef int srtp_unprotect_rtcp(void* session, uint8_t* data, int* length) noexcept nogil:
    return unprotect_rtcp(session, data, length)


cpdef uintptr_t session_pointer(object session) except 0:
    if not isinstance(session, pylibsrtp.Session):
        raise TypeError(f"expected a pylibsrtp.Session, got {type(session).__name__}")
    return int(_binding.ffi.cast("uintptr_t", session._srtp[0]))
