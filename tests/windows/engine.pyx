"""Test window into the engine: the same commands as the daemon's, with datagrams and time as arguments."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset
from mediad._fastpath.base.pool cimport NO_SLOT, SLOT_BYTES, TAIL_BYTES, pool_data, pool_release, pool_take
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.door.addresses cimport fill_address, read_address
from mediad._fastpath.door.commands cimport Commands
from mediad._fastpath.door.counters cimport read_counters, read_packet_slots
from mediad._fastpath.door.event_reader cimport EventReader
from mediad._fastpath.engine.commands.apply cimport engine_apply
from mediad._fastpath.engine.timers.tick cimport engine_deadline, engine_tick
from mediad._fastpath.engine.graph cimport Engine, Transport, engine_destroy, engine_init, transport_of
from mediad._fastpath.engine.ingress.demux cimport engine_receive
from mediad._fastpath.engine.counts cimport COUNT_RTP_FORWARDED
from mediad._fastpath.engine.messages cimport INDEX_MASK, Command
from mediad._fastpath.engine.outbox cimport NO_DATAGRAM, RTCP_APART, outbox_data
from mediad._fastpath.engine.own_sockets cimport OWN_RTCP
from mediad._fastpath.stream.estimator cimport estimator_delivered_bps

cdef struct Captured:
    Address destination
    uint32_t length
    uint8_t bytes[SLOT_BYTES]

cdef struct Capture:
    Captured* datagrams
    uint32_t count
    uint32_t capacity
    bint discard                   # benchmarks only count


cdef void capture_outbox(Engine* engine) noexcept nogil:
    """Copy the datagrams that would leave, by destination, and empty the outbox, in place of the loop's sending."""
    cdef Capture* capture = <Capture*>engine.context
    cdef Transport* transport
    cdef uint32_t i, index
    cdef bint apart
    cdef void* grown
    for i in range(engine.outbox.destination_count):
        transport = &engine.transports[engine.outbox.destinations[i] & INDEX_MASK]
        apart = engine.outbox.destinations[i] & RTCP_APART != 0
        index = transport.own.rtcp_head if apart else transport.outbox_head
        while index != NO_DATAGRAM:
            if not capture.discard:
                if capture.count == capture.capacity:
                    grown = realloc(capture.datagrams, 2 * (capture.capacity + 64) * sizeof(Captured))
                    if grown == NULL:
                        break
                    capture.datagrams = <Captured*>grown
                    capture.capacity = 2 * (capture.capacity + 64)
                capture.datagrams[capture.count].destination = (
                    transport.own.remote[<int>OWN_RTCP] if apart else transport.selected)
                capture.datagrams[capture.count].length = engine.outbox.datagrams[index].length
                memcpy(capture.datagrams[capture.count].bytes, outbox_data(&engine.outbox, index),
                       engine.outbox.datagrams[index].length)
            capture.count += 1
            index = engine.outbox.datagrams[index].next
        if apart:
            transport.own.rtcp_head = NO_DATAGRAM
            transport.own.rtcp_tail = NO_DATAGRAM
        else:
            transport.outbox_head = NO_DATAGRAM
            transport.outbox_tail = NO_DATAGRAM
    engine.outbox.count = 0
    engine.outbox.destination_count = 0


cdef class EngineWindow(Commands):
    """Engine without sockets or threads. `now_us` given last is the time commands are applied at."""

    cdef Engine engine
    cdef EventReader reader
    cdef Capture capture
    cdef uint64_t now_us

    def __cinit__(self, *, packet_slots: int = 8192, transports: int = 256, producers: int = 256, consumers: int = 2048,
                  seed: int = 1, now_us: int = 1_000_000, wall_us: int = 1_700_000_000_000_000):
        self.now_us = now_us
        self.reader = EventReader()
        memset(&self.capture, 0, sizeof(Capture))
        if not engine_init(&self.engine, packet_slots, transports, producers, consumers, 512, seed, now_us, wall_us):
            raise MemoryError("engine")
        self.engine.flush = capture_outbox
        self.engine.context = &self.capture

    def open_transport(self, handle: int, **parameters):
        """Open a transport without a limit, whose client is believed to receive 600 kbit/s, unless given otherwise."""
        usual = {"max_incoming_bitrate_bps": 0, "initial_outgoing_bitrate_bps": 600_000, "ice_password": b"password"}
        Commands.open_transport(self, handle, **{**usual, **parameters})

    def __dealloc__(self):
        engine_destroy(&self.engine)
        free(self.capture.datagrams)

    cdef int submit(self, Command* command) except -1:
        engine_apply(&self.engine, command, self.now_us)
        return 0

    def at(self, now_us: int):
        """Set the time of all further commands."""
        self.now_us = now_us

    def receive(self, socket: int, str host, port: int, bytes data, now_us: int, str local = ""):
        """Take in one datagram. True when there was a slot for it."""
        cdef Address source
        cdef uint32_t slot = pool_take(&self.engine.pool)
        if slot == NO_SLOT:
            return False
        if PyBytes_GET_SIZE(data) > SLOT_BYTES - TAIL_BYTES:
            pool_release(&self.engine.pool, slot)
            raise ValueError("datagram larger than a slot")
        fill_address(&source, socket, host, port, local)
        self.now_us = now_us
        memcpy(pool_data(&self.engine.pool, slot), PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        engine_receive(&self.engine, slot, <uint32_t>PyBytes_GET_SIZE(data), &source, self.now_us)
        pool_release(&self.engine.pool, slot)
        return True

    def tick(self, now_us: int):
        self.now_us = now_us
        engine_tick(&self.engine, self.now_us)

    def deadline(self):
        """Return the time of the next tick in µs; 0 = none."""
        return engine_deadline(&self.engine)

    def outbox(self):
        """Return the datagrams that left since the last call: [(socket, host, port, datagram)]."""
        cdef uint32_t i
        capture_outbox(&self.engine)
        left = []
        for i in range(self.capture.count):
            left.append((
                *read_address(&self.capture.datagrams[i].destination),
                PyBytes_FromStringAndSize(<const char*>self.capture.datagrams[i].bytes,
                                          self.capture.datagrams[i].length),
            ))
        self.capture.count = 0
        return left

    def events(self):
        return self.reader.take(&self.engine, 4096)

    def counters(self):
        return read_counters(&self.engine)

    def slots_in_use(self):
        """Count the packet slots in use: 0 when every stream is closed."""
        return self.engine.pool.capacity - self.engine.pool.free_count

    def packet_slots(self):
        return read_packet_slots(&self.engine)

    def stored_of(self, transport: int):
        """Count the packets that the producers of a transport keep for repeats."""
        return self.engine.keeper.owners[transport & INDEX_MASK].count

    def timers_armed(self):
        return self.engine.wheel.armed

    def estimator(self, transport: int):
        """Return the state of one transport's estimator, to study a run; {} when the transport is gone."""
        cdef Transport* found = transport_of(&self.engine, transport)
        if found == NULL:
            return {}
        return {
            "source": found.estimator.source, "target_bps": found.estimator.target_bps, "drain": found.estimator.drain,
            "queue_us": found.estimator.queue_us, "use": found.estimator.trend.use,
            "slope": found.estimator.trend.slope, "threshold_ms": found.estimator.trend.threshold_ms,
            "loss": found.estimator.losses.fraction, "excess": found.estimator.losses.excess,
            "capacity_bps": found.estimator.capacity.bps, "competing_until_us": found.estimator.competing_until_us,
            "probes": found.estimator.probe.cluster, "probe_bps": found.estimator.probe.target_bps,
            "delivered_bps": estimator_delivered_bps(&found.estimator), "rtt_us": found.estimator.rtt_us,
            "paced_bytes": found.pacer.waiting_bytes,
        }

    def forward_many(self, socket: int, str host, port: int, list datagrams, now_us: int):
        """Receive all, for benchmarks, and discard the output; returns the number of datagrams. No Python inside."""
        cdef uint32_t count = <uint32_t>len(datagrams)
        cdef uint8_t** data = <uint8_t**>calloc(count + 1, sizeof(uint8_t*))
        cdef uint32_t* lengths = <uint32_t*>calloc(count + 1, sizeof(uint32_t))
        cdef Address source
        cdef uint32_t i
        cdef uint64_t before = self.engine.counts[<int>COUNT_RTP_FORWARDED]
        fill_address(&source, socket, host, port, "")
        self.now_us = now_us
        try:
            for i in range(count):
                data[i] = <uint8_t*>PyBytes_AS_STRING(datagrams[i])
                lengths[i] = <uint32_t>PyBytes_GET_SIZE(datagrams[i])
            self.capture.discard = True
            with nogil:
                receive_many(&self.engine, data, lengths, count, &source, self.now_us)
            capture_outbox(&self.engine)
        finally:
            self.capture.discard = False
            self.capture.count = 0
            free(data)
            free(lengths)
        return self.engine.counts[<int>COUNT_RTP_FORWARDED] - before


cdef void receive_many(Engine* engine, uint8_t** data, const uint32_t* lengths, uint32_t count, const Address* source,
                       uint64_t now_us) noexcept nogil:
    cdef uint32_t i, slot
    for i in range(count):
        slot = pool_take(&engine.pool)
        if slot == NO_SLOT:
            return
        memcpy(pool_data(&engine.pool, slot), data[i], lengths[i])
        engine_receive(engine, slot, lengths[i], source, now_us + i)
        pool_release(&engine.pool, slot)
