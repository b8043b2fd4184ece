"""Bounds of the memory that libusrsctp takes for messages: those of one association, and of all together."""

from libc.stdint cimport int64_t

cimport mediad._usrsctp.library as library

cdef enum:
    # In times of the bytes of messages, because the library keeps each message and each packet in buffers of fixed
    # sizes: 400 bytes for the smallest message to be sent, 1.3 MB for a window of 1 MiB of full packets. Messages that
    # do not fit wait; a peer that fills more with crumbs is aborted.
    SENDING_OVERHEAD = 4
    REASSEMBLY_OVERHEAD = 2
    # Of all associations. None may take more of it than is still free: so those who take the most have equal shares,
    # however many they are, and others find room.
    ALL_BYTES = 268435456

ctypedef struct Shared:
    int64_t bytes
    int64_t used_bytes


cdef inline int64_t sending_bytes(const library.Limits* limits) noexcept:
    return SENDING_OVERHEAD * <int64_t>limits.send_buffer_bytes


cdef inline bint is_crowded(const Shared* shared, const library.Limits* limits, int64_t used_bytes,
                            bint sends) noexcept:
    """True when messages to send take all the memory they may; where none is under way, the first finds room."""
    return used_bytes > sending_bytes(limits) or (sends and used_bytes > shared.bytes - shared.used_bytes)


cdef inline bint is_overrun(const Shared* shared, const library.Limits* limits, int64_t used_bytes,
                            int64_t shared_bytes, bint sends) noexcept:
    """True when the peer makes an association take more than it may; what messages to send may take is ours.

    `shared_bytes`: what counts of its memory in that of all.
    """
    cdef int64_t ours = sending_bytes(limits)
    if used_bytes > ours + REASSEMBLY_OVERHEAD * <int64_t>limits.reassembly_bytes:
        return True
    return shared_bytes - (ours if sends else 0) > shared.bytes - shared.used_bytes
