"""Calls of libusrsctp for associations. It is one library with one state, so no other module links it."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uintptr_t

cimport mediad._usrsctp.usrsctp as lib

ctypedef int (*OutputCallback)(void* address, void* packet, size_t length, uint8_t tos, uint8_t set_df) noexcept
ctypedef int (*DataCallback)(
    lib.socket*, lib.sctp_sockstore, void* data, size_t length, lib.sctp_rcvinfo, int flags, void* info) noexcept
ctypedef int (*RoomCallback)(lib.socket*, uint32_t free_bytes, void* info) noexcept

cdef struct Limits:
    uint32_t max_message_bytes
    uint32_t send_buffer_bytes
    uint32_t reassembly_bytes
    uint16_t streams
    uint16_t packet_bytes          # of the largest packet sent

cdef enum Sent:
    SENT
    SENT_FULL  # not: there is no room, or the stream is being reset
    SENT_NOT

cdef struct Socket:
    lib.socket* socket  # NULL: closed
    uintptr_t address  # any number but 0 that no other one has; callbacks get it as `address` or `info`
    void* account

cdef int start(OutputCallback output) except -1
cdef void set_time(int64_t now_us) noexcept
cdef void run_timers(uint32_t elapsed_ms) noexcept

cdef int open_socket(Socket* opened, DataCallback data, RoomCallback room, const Limits* limits) except -1
cdef int connect_socket(Socket* end) except -1
cdef void close_socket(Socket* end) noexcept
cdef int64_t memory_bytes(const Socket* end) noexcept
cdef void take_packet(Socket* end, const void* packet, size_t length) noexcept
cdef Sent send_message(
    Socket* end, const void* data, size_t length, uint16_t stream_id, uint32_t ppid,
    bint ordered, uint16_t policy, uint32_t limit) noexcept
cdef int reset_streams(Socket* end, list stream_ids) except -1

# What a DataCallback got.
cdef void free_data(void* data) noexcept
