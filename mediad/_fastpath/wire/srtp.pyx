"""Addresses of libsrtp's functions, taken from pylibsrtp. No other file uses its private names.

cffi's address of a library function is a plain C trampoline: calling it needs no GIL. Its C type is compared before the
cast, because libsrtp 3 gives these functions more arguments and a wrong call would corrupt the stack, not raise.
"""

from libc.stdint cimport uint8_t, uint32_t, uintptr_t
from mediad._fastpath.base.octets cimport store32

import sys

import pylibsrtp
from pylibsrtp import _binding

ctypedef int (*PacketFunction)(void* session, void* data, int* length) noexcept nogil
ctypedef int (*StreamFunction)(void* session, uint32_t ssrc_in_network_order) noexcept nogil

EXPECTED_TYPE = "srtp_err_status_t(*)(struct srtp_ctx_t_ *, void *, int *)"
EXPECTED_STREAM_TYPE = "srtp_err_status_t(*)(struct srtp_ctx_t_ *, unsigned int)"
_NO_STREAM = 13  # srtp_err_status_no_ctx


def _address(name: str, lib: object = _binding.lib, expected: str = EXPECTED_TYPE) -> int:
    """Return the address of libsrtp's function `name`; ImportError when its C type is not the expected one."""
    pointer = _binding.ffi.addressof(lib, name)
    found = _binding.ffi.getctype(_binding.ffi.typeof(pointer))
    if found != expected:
        raise ImportError(
            f"pylibsrtp {pylibsrtp.__version__}: {name} has the C type {found!r}, mediad needs {expected!r}"
        )
    return int(_binding.ffi.cast("uintptr_t", pointer))


def check_streams(session_class: type = pylibsrtp.Session) -> None:
    """Raise ImportError unless libsrtp makes and removes streams as engine/ingress/srtp_streams needs it.

    It has to make one for an SSRC when an authentic packet came under it, not before, and to remove it when told to.
    """
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND)
    receiver = session_class(policy)
    policy.ssrc_type = pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    ssrc = b"\x12\x34\x56\x78"
    sealed = session_class(policy).protect(b"\x80\x60\x00\x01\x00\x00\x00\x00" + ssrc + b"payload")
    forged = sealed[: len(sealed) - 1] + bytes([sealed[len(sealed) - 1] ^ 1])
    found = []
    for datagram in (forged, sealed):
        try:
            receiver.unprotect(datagram)
        except pylibsrtp.Error:
            pass
        for _ in range(2):
            found.append(_binding.lib.srtp_remove_stream(receiver._srtp[0], int.from_bytes(ssrc, sys.byteorder)))
    if found != [_NO_STREAM, _NO_STREAM, 0, _NO_STREAM]:
        raise ImportError(
            f"pylibsrtp {pylibsrtp.__version__}: its libsrtp keeps streams in another way than mediad counts on"
            f" (removing one after a forged and an authentic packet, twice each, gave {found})"
        )


cdef PacketFunction protect = <PacketFunction><uintptr_t>_address("srtp_protect")
cdef PacketFunction unprotect = <PacketFunction><uintptr_t>_address("srtp_unprotect")
cdef PacketFunction protect_rtcp = <PacketFunction><uintptr_t>_address("srtp_protect_rtcp")
cdef PacketFunction unprotect_rtcp = <PacketFunction><uintptr_t>_address("srtp_unprotect_rtcp")


cdef StreamFunction remove_stream = <StreamFunction><uintptr_t>_address(
    "srtp_remove_stream", expected=EXPECTED_STREAM_TYPE)


cdef int srtp_protect(void* session, uint8_t* data, int* length) noexcept nogil:
    return protect(session, data, length)


cdef int srtp_unprotect(void* session, uint8_t* data, int* length) noexcept nogil:
    return unprotect(session, data, length)


cdef int srtp_protect_rtcp(void* session, uint8_t* data, int* length) noexcept nogil:
    return protect_rtcp(session, data, length)


cdef int srtp_unprotect_rtcp(void* session, uint8_t* data, int* length) noexcept nogil:
    return unprotect_rtcp(session, data, length)


cdef void srtp_forget(void* session, uint32_t ssrc) noexcept nogil:
    cdef uint32_t in_network_order
    store32(<uint8_t*>&in_network_order, ssrc)
    remove_stream(session, in_network_order)


cpdef uintptr_t session_pointer(object session) except 0:
    if not isinstance(session, pylibsrtp.Session):
        raise TypeError(f"expected a pylibsrtp.Session, got {type(session).__name__}")
    return int(_binding.ffi.cast("uintptr_t", session._srtp[0]))


check_streams()
