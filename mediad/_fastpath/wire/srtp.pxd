"""Packet functions of libsrtp, and the one that removes a stream, without the GIL.

They are taken from pylibsrtp's binding as plain C pointers.
"""

from libc.stdint cimport uint8_t, uint32_t, uintptr_t

cpdef enum SrtpStatus:         # the values of srtp_err_status_t that matter here
    SRTP_OK = 0
    SRTP_AUTH_FAIL = 7
    SRTP_REPLAY_FAIL = 9
    SRTP_REPLAY_OLD = 10

# In place; *length is updated. `session` is an srtp_t lent by Python. The buffer needs TAIL_BYTES behind *length.
cdef int srtp_protect(void* session, uint8_t* data, int* length) noexcept nogil
cdef int srtp_unprotect(void* session, uint8_t* data, int* length) noexcept nogil
cdef int srtp_protect_rtcp(void* session, uint8_t* data, int* length) noexcept nogil
cdef int srtp_unprotect_rtcp(void* session, uint8_t* data, int* length) noexcept nogil
# Removes the stream that libsrtp made when something authentic came under this SSRC, if there is one.
cdef void srtp_forget(void* session, uint32_t ssrc) noexcept nogil
# The srtp_t inside a pylibsrtp.Session, as an integer.
cpdef uintptr_t session_pointer(object session) except 0
