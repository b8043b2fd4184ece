/* Parts of the Linux socket interface that Cython cannot express: macros (CMSG_*), packed structs, control messages.
 *
 * Batches follow the kernel: an mmsghdr array whose iovecs, names and control buffers the caller owns and prepares
 * once. Everything returns what the system call returned; errno is the caller's to read. */
#ifndef MEDIAD_KERNEL_H
#define MEDIAD_KERNEL_H

/* recvmmsg, sendmmsg and struct mmsghdr stand behind _GNU_SOURCE, which Python.h defines before anything else. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* Linux 4.18 */
#endif
#ifndef UDP_GRO
#define UDP_GRO 104 /* Linux 5.0 */
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

/* The kernel's UDP_MAX_SEGMENTS (64 before Linux 6.9) and the largest UDP payload over IPv4. */
#define MEDIAD_GSO_SEGMENTS 64
#define MEDIAD_GSO_BYTES 65507

/* Room for two control messages, an int of GSO or GRO and an address of ours, aligned for their headers. */
typedef union mediad_control {
    uint8_t bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
    struct cmsghdr alignment;
} mediad_control;

/* ---- time ---- */

static inline uint64_t mediad_clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static inline uint64_t mediad_monotonic_us(void) { return mediad_clock_us(CLOCK_MONOTONIC); }

static inline uint64_t mediad_wall_us(void) { return mediad_clock_us(CLOCK_REALTIME); }

/* ---- threads ---- */

/* The media thread handles no signals: Python's handlers belong to the main thread. */
static inline int mediad_block_signals(void) {
    sigset_t all;
    sigfillset(&all);
    return pthread_sigmask(SIG_SETMASK, &all, NULL);
}

/* ---- epoll and eventfd ---- */

static inline int mediad_epoll_add(int epoll_fd, int fd, uint64_t tag) {
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = EPOLLIN;
    event.data.u64 = tag;
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static inline int mediad_epoll_remove(int epoll_fd, int fd) { return epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL); }

/* struct epoll_event is packed on x86-64, so its union is read here and not through a pointer. */
static inline uint64_t mediad_epoll_tag(const struct epoll_event *event) { return event->data.u64; }

/* timeout_us: 0 polls, negative waits for ever; rounded up to epoll's milliseconds so as not to spin before a timer. */
static inline int mediad_epoll_wait(int epoll_fd, struct epoll_event *events, int count, int64_t timeout_us) {
    int timeout_ms = -1;
    if (timeout_us >= 0) {
        const int64_t rounded = timeout_us / 1000 + (timeout_us % 1000 != 0);
        timeout_ms = rounded > INT32_MAX ? INT32_MAX : (int)rounded;
    }
    return epoll_wait(epoll_fd, events, count, timeout_ms);
}

static inline int mediad_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

static inline void mediad_eventfd_ring(int fd) {
    const uint64_t one = 1;
    /* EAGAIN means the counter is at its top: the reader is woken already. */
    ssize_t written = write(fd, &one, sizeof one);
    (void)written;
}

static inline void mediad_eventfd_clear(int fd) {
    uint64_t count;
    ssize_t taken = read(fd, &count, sizeof count);
    (void)taken;
}

/* ---- addresses: IPv6 as two big-endian halves, IPv4 as ::ffff:a.b.c.d ---- */

static inline uint64_t mediad_load_half(const uint8_t *p) {
    uint64_t half = 0;
    for (int i = 0; i < 8; i++) {
        half = half << 8 | p[i];
    }
    return half;
}

static inline bool mediad_is_v4(uint64_t high, uint64_t low) { return high == 0 && low >> 32 == 0xFFFF; }

/* False for a family that is neither IPv4 nor IPv6. port in host order. */
static inline bool mediad_address_read(const struct sockaddr_storage *from, uint64_t *high, uint64_t *low,
                                       uint16_t *port) {
    if (from->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof v4);
        *high = 0;
        *low = UINT64_C(0xFFFF) << 32 | ntohl(v4.sin_addr.s_addr);
        *port = ntohs(v4.sin_port);
        return true;
    }
    if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof v6);
        *high = mediad_load_half(v6.sin6_addr.s6_addr);
        *low = mediad_load_half(v6.sin6_addr.s6_addr + 8);
        *port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

/* For a socket of `family`: an AF_INET6 one takes IPv4 as a mapped address. 0 when an AF_INET one cannot reach it. */
static inline socklen_t mediad_address_write(struct sockaddr_storage *to, int family, uint64_t high, uint64_t low,
                                             uint16_t port) {
    memset(to, 0, sizeof *to);
    if (family == AF_INET) {
        struct sockaddr_in v4;
        if (!mediad_is_v4(high, low)) {
            return 0;
        }
        memset(&v4, 0, sizeof v4);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        v4.sin_addr.s_addr = htonl((uint32_t)low);
        memcpy(to, &v4, sizeof v4);
        return (socklen_t)sizeof v4;
    }
    struct sockaddr_in6 v6;
    memset(&v6, 0, sizeof v6);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    for (int i = 0; i < 8; i++) {
        v6.sin6_addr.s6_addr[i] = (uint8_t)(high >> (56 - 8 * i));
        v6.sin6_addr.s6_addr[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    memcpy(to, &v6, sizeof v6);
    return (socklen_t)sizeof v6;
}

/* AF_INET or AF_INET6 of a bound socket, -1 when it is neither. */
static inline int mediad_socket_family(int fd) {
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &length) != 0) {
        return -1;
    }
    return name.ss_family == AF_INET || name.ss_family == AF_INET6 ? name.ss_family : -1;
}

/* ---- which of our addresses ---- */

/* False where the message names no address that an answer may come from: a multicast group is none. */
static inline bool mediad_read_local_address(const struct cmsghdr *header, uint64_t *high, uint64_t *low) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo v4;
        memcpy(&v4, CMSG_DATA(header), sizeof v4);
        /* spec_dst is the address an answer to a broadcast has to come from; of any other it is the destination. */
        *high = 0;
        *low = UINT64_C(0xFFFF) << 32 | ntohl(v4.ipi_spec_dst.s_addr);
        return v4.ipi_spec_dst.s_addr != htonl(INADDR_ANY);
    }
    if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo v6;
        memcpy(&v6, CMSG_DATA(header), sizeof v6);
        *high = mediad_load_half(v6.ipi6_addr.s6_addr);
        *low = mediad_load_half(v6.ipi6_addr.s6_addr + 8);
        return v6.ipi6_addr.s6_addr[0] != 0xFF;
    }
    return false;
}

/* Writes the address of ours that a message shall leave from; returns its length, 0 where `family` cannot name it. */
static inline size_t mediad_write_local_address(struct cmsghdr *header, int family, uint64_t high, uint64_t low) {
    if (family == AF_INET) {
        struct in_pktinfo v4;
        if (!mediad_is_v4(high, low)) {
            return 0;
        }
        memset(&v4, 0, sizeof v4);
        v4.ipi_spec_dst.s_addr = htonl((uint32_t)low);
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = IP_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof v4);
        memcpy(CMSG_DATA(header), &v4, sizeof v4);
        return CMSG_SPACE(sizeof v4);
    }
    struct in6_pktinfo v6;
    memset(&v6, 0, sizeof v6);
    for (int i = 0; i < 8; i++) {
        v6.ipi6_addr.s6_addr[i] = (uint8_t)(high >> (56 - 8 * i));
        v6.ipi6_addr.s6_addr[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    header->cmsg_level = IPPROTO_IPV6;
    header->cmsg_type = IPV6_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof v6);
    memcpy(CMSG_DATA(header), &v6, sizeof v6);
    return CMSG_SPACE(sizeof v6);
}

/* ---- message batches ---- */

static inline void mediad_message_init(struct mmsghdr *message, struct iovec *pieces, size_t piece_count,
                                       struct sockaddr_storage *name, socklen_t name_length,
                                       mediad_control *control) {
    memset(message, 0, sizeof *message);
    message->msg_hdr.msg_iov = pieces;
    message->msg_hdr.msg_iovlen = piece_count;
    message->msg_hdr.msg_name = name;
    message->msg_hdr.msg_namelen = name_length;
    message->msg_hdr.msg_control = control;
    message->msg_hdr.msg_controllen = control != NULL ? sizeof *control : 0;
}

/* Only the non-blocking form is wanted: what is there now, at once. */
static inline int mediad_receive_batch(int fd, struct mmsghdr *messages, unsigned count) {
    return recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL);
}

static inline int mediad_send_batch(int fd, struct mmsghdr *messages, unsigned count) {
    return sendmmsg(fd, messages, count, MSG_DONTWAIT);
}

static inline bool mediad_message_truncated(const struct mmsghdr *message) {
    return (message->msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

/* ---- UDP GSO and GRO ---- */

/* True when the kernel knows UDP_SEGMENT. 0 is also what an unset socket has, so nothing changes. */
static inline bool mediad_can_gso(int fd) {
    const int none = 0;
    return setsockopt(fd, SOL_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
}

static inline bool mediad_enable_gro(int fd) {
    const int on = 1;
    return setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) == 0;
}

/* Requests of a message to be sent to the kernel: to cut it into datagrams of segment_bytes, the last possibly shorter
 * (0: it is one datagram), and to let it leave from an address of ours (0, 0: from whichever the route gives). */
static inline void mediad_message_ask(struct mmsghdr *message, mediad_control *control, uint16_t segment_bytes,
                                      int family, uint64_t local_high, uint64_t local_low) {
    size_t used = 0;
    message->msg_hdr.msg_control = NULL;
    message->msg_hdr.msg_controllen = 0;
    if (segment_bytes == 0 && (local_high | local_low) == 0) {
        return;
    }
    memset(control, 0, sizeof *control);
    if (segment_bytes != 0) {
        struct cmsghdr *header = (struct cmsghdr *)control->bytes;
        header->cmsg_level = SOL_UDP;
        header->cmsg_type = UDP_SEGMENT;
        header->cmsg_len = CMSG_LEN(sizeof segment_bytes);
        memcpy(CMSG_DATA(header), &segment_bytes, sizeof segment_bytes);
        used = CMSG_SPACE(sizeof segment_bytes);
    }
    if ((local_high | local_low) != 0) {
        used += mediad_write_local_address((struct cmsghdr *)(control->bytes + used), family, local_high, local_low);
    }
    if (used != 0) {
        message->msg_hdr.msg_control = control;
        message->msg_hdr.msg_controllen = used;
    }
}

/* Read a received message's control messages. Returns the size of the datagrams that the kernel joined into it, 0 when
 * it is a single one; local stays as it is where the kernel does not name one. */
static inline uint32_t mediad_message_told(struct mmsghdr *message, uint64_t *local_high, uint64_t *local_low) {
    uint32_t segment_bytes = 0;
    struct cmsghdr *header;
    for (header = CMSG_FIRSTHDR(&message->msg_hdr); header != NULL; header = CMSG_NXTHDR(&message->msg_hdr, header)) {
        uint64_t high, low;
        if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_GRO) {
            int size;
            memcpy(&size, CMSG_DATA(header), sizeof size);
            segment_bytes = size > 0 ? (uint32_t)size : 0;
        } else if (mediad_read_local_address(header, &high, &low)) {
            *local_high = high;
            *local_low = low;
        }
    }
    return segment_bytes;
}

/* One datagram, at once. */
static inline bool mediad_send_one(int fd, int family, const void *data, size_t length, uint64_t high, uint64_t low,
                                   uint16_t port, uint64_t local_high, uint64_t local_low) {
    struct sockaddr_storage name;
    struct iovec piece = {(void *)(uintptr_t)data, length};
    struct mmsghdr message;
    mediad_control control;
    const socklen_t name_length = mediad_address_write(&name, family, high, low, port);
    if (name_length == 0) {
        return false;
    }
    mediad_message_init(&message, &piece, 1, &name, name_length, NULL);
    mediad_message_ask(&message, &control, 0, family, local_high, local_low);
    return sendmsg(fd, &message.msg_hdr, MSG_DONTWAIT) == (ssize_t)length;
}

#endif
