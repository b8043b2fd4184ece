"""TCP sockets that never wait (tcp_kernel.h). Only the files of TCP beside this one cimport it.

System calls return what the kernel returned; errno (libc.errno) says the rest.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.io.kernel cimport iovec, sockaddr_storage

cdef extern from "tcp_kernel.h":
    enum:
        EPOLLIN
        EPOLLOUT
        EPOLL_CTL_ADD
        EPOLL_CTL_MOD

    # -1 with EAGAIN: nobody waits.
    int stream_accept "mediad_accept" (int listener, sockaddr_storage* name) noexcept nogil
    # Little waits in the kernel, and a peer that does not answer is given up.
    void tune_connection "mediad_tune_connection" (int fd) noexcept nogil
    bint local_name "mediad_local_name" (int fd, uint64_t* high, uint64_t* low) noexcept nogil
    bint is_unspecified "mediad_is_unspecified" (int fd) noexcept nogil
    ssize_t stream_receive "mediad_stream_receive" (int fd, void* into, size_t room) noexcept nogil
    ssize_t stream_send "mediad_stream_send" (int fd, iovec* pieces, size_t count) noexcept nogil
    void reset_on_close "mediad_reset_on_close" (int fd) noexcept nogil
    void end_stream "mediad_end_stream" (int fd) noexcept nogil
    int epoll_watch "mediad_epoll_watch" (int epoll_fd, int operation, int fd, bint to_write,
                                          uint64_t tag) noexcept nogil
