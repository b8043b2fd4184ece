"""Test window into io/kernel: the system calls of the loop.

Arguments are trusted: a test that breaks a precondition gets what the C code does then.
"""

from libc.errno cimport errno
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint64_t
from mediad._fastpath.io cimport kernel, tcp_kernel

GSO_MOST_SEGMENTS = kernel.GSO_SEGMENTS


def monotonic_us() -> int:
    return kernel.monotonic_us()


def wall_us() -> int:
    return kernel.wall_us()


def block_signals() -> int:
    return kernel.block_signals()


def epoll_wait(fds: dict[int, int], int64_t timeout_us) -> list[int]:
    """Wait up to timeout_us; returns the tags of those of {fd: tag} that are readable."""
    cdef kernel.epoll_event[8] events
    cdef int count, i
    cdef int epoll_fd = kernel.epoll_create1(kernel.EPOLL_CLOEXEC)
    for fd, tag in fds.items():
        if kernel.epoll_add(epoll_fd, fd, tag) != 0:
            raise OSError("epoll_ctl")
    with nogil:
        count = kernel.epoll_wait_us(epoll_fd, events, 8, timeout_us)
    tags = [kernel.epoll_tag(&events[i]) for i in range(count)]
    for fd in fds:
        if kernel.epoll_remove(epoll_fd, fd) != 0:
            raise OSError("epoll_ctl")
    kernel.close(epoll_fd)
    return tags


def eventfd_open() -> int:
    return kernel.eventfd_open()


def eventfd_ring(int fd) -> None:
    kernel.eventfd_ring(fd)


def eventfd_clear(int fd) -> None:
    kernel.eventfd_clear(fd)


def socket_family(int fd) -> int:
    return kernel.socket_family(fd)


def can_gso(int fd) -> bool:
    return kernel.can_gso(fd)


def enable_gro(int fd) -> bool:
    return kernel.enable_gro(fd)


def address_round_trip(int family, uint64_t high, uint64_t low, uint16_t port) -> tuple[int, int, int] | None:
    """Convert an address to a sockaddr of the family and back; None when the family cannot hold the address."""
    cdef kernel.sockaddr_storage name
    if kernel.address_write(&name, family, high, low, port) == 0:
        return None
    if not kernel.address_read(&name, &high, &low, &port):
        raise AssertionError("wrote a sockaddr that it cannot read")
    return high, low, port


def send_segmented(int fd, uint64_t high, uint64_t low, uint16_t port, data: bytes, uint16_t segment_bytes) -> int:
    """Send one message, cut by the kernel when segment_bytes is not 0; returns the number of messages sent."""
    cdef kernel.mmsghdr message
    cdef kernel.iovec piece
    cdef kernel.sockaddr_storage name
    cdef kernel.Control control
    cdef unsigned int name_length = kernel.address_write(&name, kernel.socket_family(fd), high, low, port)
    piece.iov_base = <void*><const uint8_t*>data
    piece.iov_len = len(data)
    kernel.message_init(&message, &piece, 1, &name, name_length, NULL)
    kernel.message_ask(&message, &control, segment_bytes, kernel.socket_family(fd), 0, 0)
    return kernel.send_batch(fd, &message, 1)


def receive_batch(int fd, unsigned int count) -> list[tuple[bytes, int, int, int, int, bool]]:
    """Receive at most 16 messages: (data, high, low, port, size of the joined datagrams or 0, truncated)."""
    cdef kernel.mmsghdr[16] messages
    cdef kernel.iovec[16] pieces
    cdef kernel.sockaddr_storage[16] names
    cdef kernel.Control[16] controls
    cdef uint64_t high, low, local_high, local_low
    cdef uint16_t port
    cdef int received, i
    buffers = [bytearray(16384) for _ in range(count)]
    for i in range(<int>count):
        pieces[i].iov_base = <void*><char*>buffers[i]
        pieces[i].iov_len = 16384
        kernel.message_init(&messages[i], &pieces[i], 1, &names[i], sizeof(kernel.sockaddr_storage),
                            &controls[i])
    received = kernel.receive_batch(fd, messages, count)
    found = []
    for i in range(max(received, 0)):
        if not kernel.address_read(&names[i], &high, &low, &port):
            raise AssertionError("a datagram without an address")
        found.append((
            bytes(buffers[i][:messages[i].msg_len]), high, low, port,
            kernel.message_told(&messages[i], &local_high, &local_low), bool(kernel.message_truncated(&messages[i])),
        ))
    return found


# TCP: results below 0 are -errno.

def stream_accept(int listener) -> int:
    cdef kernel.sockaddr_storage name
    cdef int fd = tcp_kernel.stream_accept(listener, &name)
    return fd if fd >= 0 else -errno


def stream_receive(int fd, size_t room):
    cdef uint8_t[2048] buffer
    cdef ssize_t came = tcp_kernel.stream_receive(fd, buffer, min(room, 2048))
    return <bytes>buffer[:came] if came >= 0 else -errno


def stream_send(int fd, list pieces) -> int:
    cdef kernel.iovec[8] vectors
    cdef ssize_t took
    for i, piece in enumerate(pieces):
        vectors[<int>i].iov_base = <void*><const uint8_t*>piece
        vectors[<int>i].iov_len = len(piece)
    took = tcp_kernel.stream_send(fd, vectors, len(pieces))
    return took if took >= 0 else -errno


def tune_connection(int fd) -> None:
    tcp_kernel.tune_connection(fd)


def reset_on_close(int fd) -> None:
    tcp_kernel.reset_on_close(fd)


def end_stream(int fd) -> None:
    tcp_kernel.end_stream(fd)


def is_unspecified(int fd) -> bool:
    return tcp_kernel.is_unspecified(fd)
