/* TCP sockets for the media thread: accepting, reading and writing without ever waiting.
 *
 * Everything returns what the system call returned; errno is the caller's to read. */
#ifndef MEDIAD_TCP_KERNEL_H
#define MEDIAD_TCP_KERNEL_H

#include "kernel.h"

#include <netinet/tcp.h>
#include <sys/uio.h>

#ifndef TCP_NOTSENT_LOWAT
#define TCP_NOTSENT_LOWAT 25 /* Linux 3.12 */
#endif

/* What the kernel keeps beyond what it has sent: 13 ms at 10 Mbit/s. More waits where it can still be dropped. */
#define MEDIAD_NOTSENT_BYTES 16384
/* What may be on its way and not acknowledged: 200 ms at 10 Mbit/s. The kernel would let it grow to megabytes. */
#define MEDIAD_SEND_BUFFER_BYTES 262144
/* Until a peer that acknowledges nothing, or opens no window, is given up. */
#define MEDIAD_USER_TIMEOUT_MS 15000

static inline int mediad_accept(int listener, struct sockaddr_storage *name) {
    socklen_t length = sizeof *name;
    memset(name, 0, sizeof *name);
    return accept4(listener, (struct sockaddr *)name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static inline void mediad_tune_connection(int fd) {
    const int on = 1, not_sent = MEDIAD_NOTSENT_BYTES, buffer = MEDIAD_SEND_BUFFER_BYTES;
    const unsigned timeout_ms = MEDIAD_USER_TIMEOUT_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &not_sent, sizeof not_sent);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

/* The address of ours that a connection's peer reaches. False: the connection has ended already. */
static inline bool mediad_local_name(int fd, uint64_t *high, uint64_t *low) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    uint16_t port;
    memset(&name, 0, sizeof name);
    return getsockname(fd, (struct sockaddr *)&name, &length) == 0 && mediad_address_read(&name, high, low, &port);
}

/* True for a socket that is bound to every address of the machine. */
static inline bool mediad_is_unspecified(int fd) {
    uint64_t high, low;
    return mediad_local_name(fd, &high, &low) && high == 0 && (low == 0 || low == UINT64_C(0xFFFF) << 32);
}

static inline ssize_t mediad_stream_receive(int fd, void *into, size_t room) {
    return recv(fd, into, room, MSG_DONTWAIT);
}

static inline ssize_t mediad_stream_send(int fd, struct iovec *pieces, size_t count) {
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Let close() send a reset at once: nothing that waits is sent, and the kernel keeps nothing of the connection. */
static inline void mediad_reset_on_close(int fd) {
    const struct linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* A socket that cannot be used any more becomes readable, so that who waits for it learns of it. */
static inline void mediad_end_stream(int fd) { shutdown(fd, SHUT_RDWR); }

/* events: EPOLLIN, and EPOLLOUT while something waits to be sent. */
static inline int mediad_epoll_watch(int epoll_fd, int operation, int fd, bool to_write, uint64_t tag) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = EPOLLIN | (to_write ? EPOLLOUT : 0);
    event.data.u64 = tag;
    return epoll_ctl(epoll_fd, operation, fd, &event);
}

#endif
