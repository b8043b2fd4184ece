"""Clocks, epoll, eventfd, and batches of UDP datagrams with GSO and GRO (kernel.h). Only the loop cimports this.

System calls return what the kernel returned; errno (libc.errno) says the rest.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "kernel.h":
    enum:
        GSO_SEGMENTS "MEDIAD_GSO_SEGMENTS"     # datagrams in one send, at most
        GSO_BYTES "MEDIAD_GSO_BYTES"           # bytes in one send, at most
        AF_INET
        AF_INET6
        EAGAIN
        EINTR

    ctypedef unsigned int socklen_t

    uint64_t monotonic_us "mediad_monotonic_us" () noexcept nogil
    uint64_t wall_us "mediad_wall_us" () noexcept nogil            # since 1970
    int block_signals "mediad_block_signals" () noexcept nogil

    struct epoll_event:
        uint32_t events

    int epoll_create1(int flags) noexcept nogil
    int EPOLL_CLOEXEC
    int epoll_add "mediad_epoll_add" (int epoll_fd, int fd, uint64_t tag) noexcept nogil
    int epoll_remove "mediad_epoll_remove" (int epoll_fd, int fd) noexcept nogil
    uint64_t epoll_tag "mediad_epoll_tag" (const epoll_event* event) noexcept nogil
    # timeout_us: 0 polls, negative waits for ever.
    int epoll_wait_us "mediad_epoll_wait" (int epoll_fd, epoll_event* events, int count,
                                           int64_t timeout_us) noexcept nogil
    int eventfd_open "mediad_eventfd" () noexcept nogil
    void eventfd_ring "mediad_eventfd_ring" (int fd) noexcept nogil
    void eventfd_clear "mediad_eventfd_clear" (int fd) noexcept nogil
    int close(int fd) noexcept nogil

    struct sockaddr:
        pass

    struct sockaddr_storage:
        unsigned short ss_family

    # The halves of base/table's Address; port in host order.
    bint address_read "mediad_address_read" (const sockaddr_storage* name, uint64_t* high, uint64_t* low,
                                             uint16_t* port) noexcept nogil
    # For a socket of `family`; 0 when that family cannot reach the address.
    socklen_t address_write "mediad_address_write" (sockaddr_storage* to, int family, uint64_t high, uint64_t low,
                                                    uint16_t port) noexcept nogil
    int socket_family "mediad_socket_family" (int fd) noexcept nogil

    struct iovec:
        void* iov_base
        size_t iov_len

    struct msghdr:
        void* msg_name
        socklen_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
        void* msg_control
        size_t msg_controllen
        int msg_flags

    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len

    # Room for the control messages of one message; each of a batch has its own.
    ctypedef struct Control "mediad_control":
        pass

    # control: NULL where none is wanted. recvmmsg overwrites msg_namelen and msg_controllen: initialise each message
    # again before each batch.
    void message_init "mediad_message_init" (mmsghdr* message, iovec* pieces, size_t piece_count,
                                             sockaddr_storage* name, socklen_t name_length,
                                             Control* control) noexcept nogil
    int receive_batch "mediad_receive_batch" (int fd, mmsghdr* messages, unsigned int count) noexcept nogil
    int send_batch "mediad_send_batch" (int fd, mmsghdr* messages, unsigned int count) noexcept nogil
    bint message_truncated "mediad_message_truncated" (const mmsghdr* message) noexcept nogil
    bint can_gso "mediad_can_gso" (int fd) noexcept nogil
    bint enable_gro "mediad_enable_gro" (int fd) noexcept nogil
    # segment_bytes 0 = not segmented; local 0, 0 = from whichever address the route gives.
    void message_ask "mediad_message_ask" (mmsghdr* message, Control* control, uint16_t segment_bytes, int family,
                                           uint64_t local_high, uint64_t local_low) noexcept nogil
    # Size of the datagrams joined into a received message (the last may be shorter), 0 = it is a single one; and the
    # address of ours it was sent to, where the kernel says so.
    uint32_t message_told "mediad_message_told" (mmsghdr* message, uint64_t* local_high,
                                                 uint64_t* local_low) noexcept nogil
    # One datagram, at once; false when it cannot go or the kernel refuses it.
    bint send_one "mediad_send_one" (int fd, int family, const void* data, size_t length, uint64_t high, uint64_t low,
                                     uint16_t port, uint64_t local_high, uint64_t local_low) noexcept nogil
