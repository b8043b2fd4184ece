"""SCTP associations over DTLS (RFC 8261), on libusrsctp without threads: time and packets in, packets and events out.

The library is global. It knows an association by its socket and by an address, which is a number here and no
pointer: whatever the library still says about an association that is gone finds nothing and is dropped. All its
callbacks come from within a call below, with the GIL held. They only note what they are told, because a call into
the library from within a callback meets its locks.

Why this library: a message of 1 KB costs both ends together 11 µs, one of 200 KB 1.2 ms. aiortc's SCTP needs 42 µs and
6 ms for the same (one core, packets passed in memory), but 6 KiB for an association where this one needs 10 KiB and
0.1 KiB for each stream: 114 KiB with 1024 streams, 6.5 MiB with 65535.
"""

from collections import Counter, deque

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uintptr_t

cimport mediad._usrsctp.guard as guard
cimport mediad._usrsctp.library as library
cimport mediad._usrsctp.memory as memory
cimport mediad._usrsctp.usrsctp as lib

from mediad.errors import InvalidState
from mediad.protocols.sctp_events import MessageReceived, SendReady, StateChanged, StreamsReset

cdef extern from "<arpa/inet.h>" nogil:
    uint32_t ntohl(uint32_t)

cdef enum:
    # What the library takes as the MTU of a path, at least.
    SHORTEST_PATH = 512
    # Time between two looks at the timers: while packets flow, and while nothing but heartbeats is due.
    BUSY_TICK_US = 10000
    IDLE_TICK_US = 100000
    BUSY_US = 1000000
    # Between two INITs of a peer, which the library looks for among all associations: 0.5 ms with 3000 of them. An
    # honest peer repeats one after 400 ms or more.
    INIT_SPACING_US = 100000
    # Packets that wait to be fetched. A window is less, so whoever drains after each call never comes near.
    OUTBOX_PACKETS = 2048

cdef SctpStack open_stack = None
cdef uintptr_t last_address = 0  # none is used twice, or what is said of one that is gone would find another


cdef class SctpStack:
    cdef dict associations
    cdef list changed
    cdef int64_t now_us
    cdef int64_t ticked_us
    cdef int64_t active_us
    cdef memory.Shared shared

    def __cinit__(self, int64_t now_us, *, int64_t memory_bytes=memory.ALL_BYTES):
        global open_stack
        if open_stack is not None:
            raise RuntimeError("one SctpStack is open already, and libusrsctp has one state for the whole process")
        library.start(take_output)
        self.associations = {}
        self.changed = []
        self.now_us = self.ticked_us = self.active_us = now_us
        self.shared.bytes = memory_bytes
        library.set_time(now_us)
        open_stack = self

    def open(self, *, uint32_t max_message_bytes, uint16_t streams, uint32_t send_buffer_bytes,
             uint32_t reassembly_bytes, uint16_t packet_bytes):
        global last_address
        cdef Association association
        cdef library.Limits limits
        self.check_open()
        if max_message_bytes > send_buffer_bytes or 2 * max_message_bytes >= reassembly_bytes:
            raise ValueError(f"messages of {max_message_bytes} bytes need a send buffer of as much "
                             f"({send_buffer_bytes}) and more than twice as much for reassembly ({reassembly_bytes})")
        if packet_bytes < SHORTEST_PATH:
            raise ValueError(f"packets have {packet_bytes} bytes, expected {SHORTEST_PATH} or more")
        limits = library.Limits(max_message_bytes, send_buffer_bytes, reassembly_bytes, streams, packet_bytes)
        last_address += 1
        association = Association.__new__(Association)
        association.set_up(self, last_address, &limits)
        self.associations[association.socket.address] = association
        return association

    def get_timer(self):
        if not self.associations:
            return None
        if self.now_us - self.active_us < BUSY_US:
            return self.ticked_us + BUSY_TICK_US
        return self.ticked_us + IDLE_TICK_US

    def handle_timer(self, int64_t now_us):
        self.check_open()
        self.advance(now_us)

    def ready(self):
        changed = self.changed
        self.changed = []
        for association in changed:
            (<Association>association).is_ready = False
        return changed

    def close(self):
        global open_stack
        for association in list(self.associations.values()):
            association.close()
        self.changed = []
        if open_stack is self:
            open_stack = None

    cdef int check_open(self) except -1:
        if open_stack is not self:
            raise InvalidState("this SctpStack is closed")
        return 0

    cdef int advance(self, int64_t now_us) except -1:
        cdef int64_t elapsed_ms
        if now_us > self.now_us:
            self.now_us = now_us
            library.set_time(now_us)
        elapsed_ms = (self.now_us - self.ticked_us) // 1000
        if elapsed_ms * 1000 >= BUSY_TICK_US:
            self.ticked_us += elapsed_ms * 1000
            library.run_timers(<uint32_t>elapsed_ms)
        return 0


cdef class Association:
    cdef readonly object dropped
    cdef SctpStack stack
    cdef library.Socket socket
    cdef bint is_ready
    cdef str state
    cdef list outbox
    cdef object events
    cdef library.Limits limits
    cdef int64_t idle_memory_bytes  # when it became connected
    cdef int64_t used_bytes  # of what all share, when it was looked at last
    cdef uint16_t streams_in
    cdef uint16_t streams_out
    cdef uint32_t buffered
    cdef uint32_t refused_bytes  # of the message that had no room, or 0
    cdef int64_t next_init_us  # of the peer
    cdef guard.Tags tags
    cdef int discarding  # stream and order of a message that is too long and not over yet, or -1

    def __init__(self):
        raise TypeError("SctpStack.open makes associations")

    cdef int set_up(self, SctpStack stack, uintptr_t address, const library.Limits* limits) except -1:
        self.dropped = Counter()
        self.events = deque()
        self.outbox = []
        self.state = "new"
        self.stack = stack
        self.socket.address = address
        self.limits = limits[0]
        self.streams_in = self.streams_out = limits.streams
        self.discarding = -1
        library.open_socket(&self.socket, take_data, take_room, limits)
        return 0

    @property
    def buffered_bytes(self):
        return self.buffered

    @property
    def memory_bytes(self):
        return library.memory_bytes(&self.socket)

    def connect(self, int64_t now_us):
        if self.state != "new":
            raise InvalidState(f"an association connects once, and this one is {self.state}")
        self.stack.advance(now_us)
        self.change_state("connecting", "")
        self.stack.active_us = self.stack.now_us
        library.connect_socket(&self.socket)

    def receive_datagram(self, bytes data not None, int64_t now_us):
        cdef Py_ssize_t length = PyBytes_GET_SIZE(data)
        self.stack.advance(now_us)
        if self.state != "connecting" and self.state != "connected":
            self.dropped["not_connecting" if self.state == "new" else "after_end"] += 1
            return
        fault = guard.packet_fault(
            <const uint8_t*>PyBytes_AS_STRING(data), length, self.state == "connected", &self.tags)
        if fault != guard.FAULT_NONE:
            self.dropped[guard.fault_name(fault).decode()] += 1
            return
        if guard.is_init(<const uint8_t*>PyBytes_AS_STRING(data)):
            if self.stack.now_us < self.next_init_us:
                self.dropped["init"] += 1
                return
            self.next_init_us = self.stack.now_us + INIT_SPACING_US
        self.stack.active_us = self.stack.now_us
        library.take_packet(&self.socket, PyBytes_AS_STRING(data), length)
        if self.overrun():
            self.end("failed", f"the peer makes it keep {self.memory_bytes} bytes")
        elif self.refused_bytes:  # perhaps for want of memory, which the library does not tell of
            self.note_room(self.limits.send_buffer_bytes - self.buffered)

    def send(self, uint16_t stream_id, uint32_t ppid, bytes data not None, *, bint ordered, max_packet_life_time_ms,
             max_retransmits, int64_t now_us):
        cdef Py_ssize_t length = PyBytes_GET_SIZE(data)
        cdef library.Sent sent
        cdef uint16_t policy = lib.SCTP_PR_SCTP_NONE
        cdef uint32_t limit = 0
        if self.state != "connected":
            raise InvalidState(f"a message needs a connected association, and this one is {self.state}")
        if length == 0 or length > self.limits.max_message_bytes:
            raise ValueError(f"a message has {length} bytes, expected 1..{self.limits.max_message_bytes}")
        if stream_id >= self.streams_out:
            raise ValueError(f"stream is {stream_id}, expected 0..{self.streams_out - 1}")
        if max_packet_life_time_ms is not None and max_retransmits is not None:
            raise ValueError("a message has a life time or a number of retransmissions, not both")
        if max_packet_life_time_ms is not None:
            policy, limit = lib.SCTP_PR_SCTP_TTL, max_packet_life_time_ms
        elif max_retransmits is not None:
            policy, limit = lib.SCTP_PR_SCTP_RTX, max_retransmits
        self.stack.advance(now_us)
        self.stack.active_us = self.stack.now_us
        sent = library.SENT_FULL
        if not self.crowded():
            sent = library.send_message(
                &self.socket, PyBytes_AS_STRING(data), length, stream_id, ppid, ordered, policy, limit)
        if sent == library.SENT:
            self.buffered += length
            self.look_at_use()
        else:
            self.refused_bytes = length
            if sent == library.SENT_NOT and self.state == "connected":
                raise OSError("libusrsctp does not send")
        return sent == library.SENT

    def reset_streams(self, list stream_ids not None, int64_t now_us):
        if self.state != "connected":
            raise InvalidState(f"streams are reset once an association is connected, and this one is {self.state}")
        self.stack.advance(now_us)
        self.stack.active_us = self.stack.now_us
        stream_ids = [stream_id for stream_id in stream_ids if stream_id < self.streams_out]
        if stream_ids and not library.reset_streams(&self.socket, stream_ids):
            self.dropped["reset_unsupported"] += 1  # by the peer

    def datagrams_to_send(self):
        datagrams = self.outbox
        self.outbox = []
        return datagrams

    def next_event(self):
        return self.events.popleft() if self.events else None

    def close(self):
        self.end("closed", "")
        self.events.clear()

    cdef int end(self, str state, str reason) except -1:
        """Abort it, if it has not ended yet, and free all that the library has of it."""
        self.change_state(state, reason)
        self.note_use(0)
        if self.socket.socket is not NULL:
            library.close_socket(&self.socket)
            self.stack.associations.pop(self.socket.address, None)
        return 0

    cdef bint crowded(self):
        return memory.is_crowded(&self.stack.shared, &self.limits, self.look_at_use(), self.buffered != 0)

    cdef bint overrun(self):
        cdef int64_t used = self.look_at_use()
        return memory.is_overrun(&self.stack.shared, &self.limits, used, self.used_bytes, self.buffered != 0)

    cdef int64_t look_at_use(self) noexcept:
        """Return the memory that it takes beyond what it has without messages; of what all share, once connected."""
        cdef int64_t used = max(0, library.memory_bytes(&self.socket) - self.idle_memory_bytes)
        self.note_use(used if self.state == "connected" else 0)
        return used

    cdef void note_use(self, int64_t used_bytes) noexcept:
        self.stack.shared.used_bytes += used_bytes - self.used_bytes
        self.used_bytes = used_bytes

    cdef int tell(self, object event) except -1:
        self.events.append(event)
        return self.set_ready()

    cdef int set_ready(self) except -1:
        if not self.is_ready:
            self.is_ready = True
            self.stack.changed.append(self)
        return 0

    cdef int change_state(self, str state, str reason) except -1:
        if self.state in ("failed", "closed") or self.state == state:
            return 0
        self.state = state
        return self.tell(StateChanged(state, reason))

    # -- what callbacks note --------------------------------------------------------------------------------------

    cdef int note_packet(self, const char* packet, size_t length) except -1:
        guard.note_tags(&self.tags, <const uint8_t*>packet, length)
        if len(self.outbox) >= OUTBOX_PACKETS:
            self.dropped["outbox_full"] += 1
            return 0
        self.outbox.append(PyBytes_FromStringAndSize(packet, length))
        return self.set_ready()

    cdef int note_room(self, uint32_t free_bytes) except -1:
        # The library counts down below zero when its own overhead exceeds the limit.
        cdef uint32_t room = free_bytes if free_bytes <= self.limits.send_buffer_bytes else 0
        self.buffered = self.limits.send_buffer_bytes - room
        if self.refused_bytes and room >= self.refused_bytes and not self.crowded():
            self.refused_bytes = 0
            self.tell(SendReady())
        return 0

    cdef int note_message(self, const char* data, size_t length, lib.sctp_rcvinfo* info, bint whole) except -1:
        """Take a message, or a part of one that is too long; parts of it do not mix with others of its stream."""
        cdef int lane = info.rcv_sid << 1 | (info.rcv_flags & lib.SCTP_UNORDERED != 0)
        if self.discarding == lane or length > self.limits.max_message_bytes:
            if self.discarding != lane:
                self.dropped["message_too_long"] += 1
            self.discarding = -1 if whole else lane
            return 0
        return self.tell(
            MessageReceived(info.rcv_sid, ntohl(info.rcv_ppid), PyBytes_FromStringAndSize(data, length)))

    cdef int note_notification(self, const lib.sctp_notification* news, size_t length) except -1:
        if length < sizeof(lib.sctp_tlv):
            return 0
        if news.sn_header.sn_type == lib.SCTP_ASSOC_CHANGE:
            return self.note_association_change(&news.sn_assoc_change)
        if news.sn_header.sn_type == lib.SCTP_SHUTDOWN_EVENT:
            return self.change_state("closed", "the peer shut it down")
        if news.sn_header.sn_type == lib.SCTP_STREAM_RESET_EVENT:
            return self.note_reset(&news.sn_strreset_event)
        return 0

    cdef int note_association_change(self, const lib.sctp_assoc_change* change) except -1:
        if change.sac_state == lib.SCTP_COMM_UP:
            self.streams_out = change.sac_outbound_streams
            self.streams_in = change.sac_inbound_streams
            self.idle_memory_bytes = library.memory_bytes(&self.socket)
            return self.change_state("connected", "")
        if change.sac_state == lib.SCTP_COMM_LOST:
            if change.sac_length > sizeof(lib.sctp_assoc_change):  # holds the peer's ABORT
                return self.change_state("closed", "the peer aborted it")
            return self.change_state("failed", "the peer does not answer, or broke the protocol")
        if change.sac_state == lib.SCTP_RESTART:  # which an INIT would have had to begin
            return self.change_state("failed", "the peer started it anew")
        if change.sac_state == lib.SCTP_CANT_STR_ASSOC:
            return self.change_state("failed", "the peer does not answer INIT")
        return self.change_state("closed", "it was shut down")

    cdef int note_reset(self, const lib.sctp_stream_reset_event* reset) except -1:
        cdef size_t count = (reset.strreset_length - sizeof(lib.sctp_stream_reset_event)) // sizeof(uint16_t)
        if not reset.strreset_flags & lib.SCTP_STREAM_RESET_INCOMING_SSN:
            # An outgoing one is over. Messages for that stream were refused until now.
            if self.refused_bytes:
                self.refused_bytes = 0
                self.tell(SendReady())
            return 0
        if count == 0:  # all of them
            return self.tell(StreamsReset(tuple(range(self.streams_in))))
        return self.tell(StreamsReset(tuple([reset.strreset_stream_list[index] for index in range(count)])))


# -- callbacks of libusrsctp --------------------------------------------------------------------------------------


cdef Association find(void* address):
    return None if open_stack is None else open_stack.associations.get(<uintptr_t>address)


cdef int take_output(void* address, void* packet, size_t length, uint8_t tos, uint8_t set_df) noexcept:
    association = find(address)
    if association is not None:
        association.note_packet(<const char*>packet, length)
    return 0


cdef int take_room(lib.socket* socket, uint32_t free_bytes, void* info) noexcept:
    association = find(info)
    if association is not None:
        association.note_room(free_bytes)
    return 1


cdef int take_data(lib.socket* socket, lib.sctp_sockstore address, void* data, size_t length, lib.sctp_rcvinfo received,
                   int flags, void* info) noexcept:
    """Take what is the caller's to free. No data at all is the end of a shutdown, told by a notification too."""
    association = find(info)
    if data is NULL:
        return 1
    if association is not None:
        if flags & lib.MSG_NOTIFICATION:
            association.note_notification(<const lib.sctp_notification*>data, length)
        else:
            association.note_message(<const char*>data, length, &received, flags & lib.MSG_EOR != 0)
    library.free_data(data)
    return 1
