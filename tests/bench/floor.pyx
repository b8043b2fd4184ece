"""The throughput benchmark's native half: the floor under any forwarder, and a sink for what arrives.

The floor does what no SFU can do without: copy each packet, encrypt it for its receiver, send it. It uses the same
libsrtp functions, the same kind of buffers and the same system calls as the engine.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy
from mediad._fastpath.io.kernel cimport (
    AF_INET, Control, address_write, iovec, message_ask, message_init, mmsghdr, receive_batch, send_batch,
    sockaddr_storage,
)
from mediad._fastpath.base.octets cimport store16, store32
from mediad._fastpath.wire.srtp cimport srtp_protect

cdef extern from "<time.h>":
    struct timespec:
        long tv_sec
        long tv_nsec

    enum:
        CLOCK_MONOTONIC
        TIMER_ABSTIME

    int clock_gettime(int clock, timespec* time) noexcept nogil
    int clock_nanosleep(int clock, int flags, const timespec* time, timespec* left) noexcept nogil

cdef enum:
    SLOT_BYTES = 2048
    MAX_PACKET = 1250
    MAX_BATCH = 50                 # such packets in one GSO send
    SINK_MESSAGES = 16
    SINK_BYTES = 65536
    SINK_PAUSE_NS = 1000000
    SINK_AT_ONCE = 100             # sockets; more are read less often, or reading would take a core

LOOPBACK = 0xFFFF_7F00_0001        # ::ffff:127.0.0.1, the low half


cdef class Floor:
    """Sends `packet` to each port of 127.0.0.1, encrypted with that receiver's session, `batch` at a time."""

    cdef int fd
    cdef uint32_t receivers
    cdef uint32_t batch
    cdef uint32_t length
    cdef uint16_t sequence_number
    cdef uint8_t packet[SLOT_BYTES]
    cdef uint8_t* slots
    cdef Control* controls
    cdef iovec* pieces
    cdef mmsghdr* messages
    cdef sockaddr_storage* names
    cdef void** sessions
    cdef readonly uint64_t sent

    def __cinit__(self, int fd, list ports, list sessions, bytes packet, uint32_t batch):
        cdef uint32_t index
        cdef uint64_t low = LOOPBACK
        if not 1 <= batch <= MAX_BATCH or len(packet) > MAX_PACKET or len(ports) != len(sessions):
            raise ValueError("batch, packet or receivers out of range")
        self.fd = fd
        self.receivers = <uint32_t>len(ports)
        self.batch = batch
        self.length = <uint32_t>len(packet)
        memcpy(self.packet, <const uint8_t*>packet, self.length)
        self.slots = <uint8_t*>calloc(self.receivers * batch, SLOT_BYTES)
        self.controls = <Control*>calloc(self.receivers, sizeof(Control))
        self.pieces = <iovec*>calloc(self.receivers * batch, sizeof(iovec))
        self.messages = <mmsghdr*>calloc(self.receivers, sizeof(mmsghdr))
        self.names = <sockaddr_storage*>calloc(self.receivers, sizeof(sockaddr_storage))
        self.sessions = <void**>calloc(self.receivers, sizeof(void*))
        for index in range(self.receivers):
            self.sessions[index] = <void*><uintptr_t>sessions[index]
            address_write(&self.names[index], AF_INET, 0, low, ports[index])

    def __dealloc__(self):
        free(self.slots)
        free(self.controls)
        free(self.pieces)
        free(self.messages)
        free(self.names)
        free(self.sessions)

    def run(self, uint64_t rounds, uint64_t interval_us):
        """`rounds` batches to every receiver, one each `interval_us`."""
        cdef uint64_t _
        cdef timespec due
        with nogil:
            clock_gettime(CLOCK_MONOTONIC, &due)
            for _ in range(rounds):
                self.one_round()
                due.tv_nsec += <long>(interval_us * 1000)
                while due.tv_nsec >= 1000000000:
                    due.tv_nsec -= 1000000000
                    due.tv_sec += 1
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL)

    cdef void one_round(self) noexcept nogil:
        cdef uint32_t receiver, position
        cdef uint32_t done = 0
        cdef int length = 0
        cdef int sent
        for position in range(self.batch):
            self.sequence_number += 1
            for receiver in range(self.receivers):
                length = self.one_packet(receiver, position)
        for receiver in range(self.receivers):
            message_init(&self.messages[receiver], &self.pieces[receiver * self.batch], self.batch,
                         &self.names[receiver], sizeof(sockaddr_storage), NULL)
            if self.batch > 1:
                message_ask(&self.messages[receiver], &self.controls[receiver], <uint16_t>length, AF_INET, 0, 0)
        while done < self.receivers:
            sent = send_batch(self.fd, &self.messages[done], self.receivers - done)
            if sent > 0:
                self.sent += <uint64_t>sent * self.batch
            done += <uint32_t>sent if sent > 0 else 1

    cdef int one_packet(self, uint32_t receiver, uint32_t position) noexcept nogil:
        cdef uint32_t slot = receiver * self.batch + position
        cdef uint8_t* data = self.slots + <size_t>slot * SLOT_BYTES
        cdef int length = <int>self.length
        memcpy(data, self.packet, self.length)
        store16(data + 2, self.sequence_number)
        store32(data + 8, receiver + 1)
        srtp_protect(self.sessions[receiver], data, &length)
        self.pieces[slot].iov_base = data
        self.pieces[slot].iov_len = <size_t>length
        return length


cdef class Sink:
    """Reads and forgets what arrives on some sockets, once a millisecond.

    It does not wait for arrivals: waking a reader would be the sender's cost, and no part of what is measured.
    """

    cdef int* fds
    cdef uint32_t count
    cdef uint8_t* buffers
    cdef volatile bint stopped
    cdef readonly uint64_t received_bytes

    def __cinit__(self, list fds):
        cdef uint32_t index
        self.count = <uint32_t>len(fds)
        self.fds = <int*>calloc(self.count, sizeof(int))
        self.buffers = <uint8_t*>calloc(SINK_MESSAGES, SINK_BYTES)
        for index in range(self.count):
            self.fds[index] = fds[index]

    def __dealloc__(self):
        free(self.fds)
        free(self.buffers)

    def stop(self):
        self.stopped = True

    def run(self):
        """Run until stop(), without the GIL."""
        cdef timespec pause
        cdef uint32_t index
        pause.tv_sec = 0
        pause.tv_nsec = SINK_PAUSE_NS * (1 + self.count // SINK_AT_ONCE)
        with nogil:
            while not self.stopped:
                for index in range(self.count):
                    self.drain(self.fds[index])
                clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL)

    cdef void drain(self, int fd) noexcept nogil:
        cdef iovec pieces[SINK_MESSAGES]
        cdef mmsghdr messages[SINK_MESSAGES]
        cdef int got = SINK_MESSAGES
        cdef int index
        while got == SINK_MESSAGES:
            for index in range(SINK_MESSAGES):
                pieces[index].iov_base = self.buffers + <size_t>index * SINK_BYTES
                pieces[index].iov_len = SINK_BYTES
                message_init(&messages[index], &pieces[index], 1, NULL, 0, NULL)
            got = receive_batch(fd, messages, SINK_MESSAGES)
            for index in range(got):
                self.received_bytes += messages[index].msg_len
