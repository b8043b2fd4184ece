"""The tests' window into base/. Built with MEDIAD_PROBE=1 only; nothing in mediad imports it.

Arguments are trusted: a test that breaks a precondition gets what the C code does then.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base cimport clock, kernel, octets, sequence
from mediad._fastpath.base.budget cimport budget_take
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT
from mediad._fastpath.base.pool cimport (
    NO_SLOT, SLOT_BYTES, TAIL_BYTES, Pool, pool_data, pool_destroy, pool_hold, pool_init, pool_release, pool_take,
)
from mediad._fastpath.base.rate cimport RateMeter, rate_add, rate_bps
from mediad._fastpath.base.ring cimport (
    Ring, ring_commit, ring_destroy, ring_init, ring_pop, ring_pop_slot, ring_push, ring_push_slot, ring_release,
    ring_room,
)
from mediad._fastpath.base.table cimport (
    NO_VALUE, Address, AddressTable, Table, address_table_destroy, address_table_get, address_table_init,
    address_table_put, address_table_remove, hash_bytes, table_destroy, table_get, table_init, table_put, table_remove,
)
from mediad._fastpath.base.wheel cimport (
    NO_TIMER, Wheel, wheel_arm, wheel_arm_sooner, wheel_deadline, wheel_destroy, wheel_disarm, wheel_expired,
    wheel_init,
)

SLOT_SIZE = SLOT_BYTES
TAIL_SIZE = TAIL_BYTES
GSO_MOST_SEGMENTS = kernel.GSO_SEGMENTS


# octets

def load(width: int, data: bytes) -> int:
    cdef const uint8_t* p = data
    if width == 16:
        return octets.load16(p)
    if width == 24:
        return octets.load24(p)
    return octets.load32(p) if width == 32 else octets.load64(p)


def store(width: int, uint64_t value) -> bytes:
    cdef uint8_t[8] p
    if width == 16:
        octets.store16(p, <uint32_t>value)
    elif width == 24:
        octets.store24(p, <uint32_t>value)
    elif width == 32:
        octets.store32(p, <uint32_t>value)
    else:
        octets.store64(p, value)
    return (<uint8_t*>p)[:width // 8]


# sequence

def newer16(uint16_t a, uint16_t b) -> bool:
    return sequence.newer16(a, b)


def newer32(uint32_t a, uint32_t b) -> bool:
    return sequence.newer32(a, b)


def unwrap16(int64_t reference, uint16_t value) -> int:
    return sequence.unwrap16(reference, value)


def unwrap32(int64_t reference, uint32_t value) -> int:
    return sequence.unwrap32(reference, value)


# clock

def ntp_from_us(uint64_t wall_us) -> int:
    return clock.ntp_from_us(wall_us)


def us_from_ntp(uint64_t ntp) -> int:
    return clock.us_from_ntp(ntp)


def compact_ntp(uint64_t ntp) -> int:
    return clock.compact_ntp(ntp)


def us_from_compact(uint32_t compact) -> int:
    return clock.us_from_compact(compact)


def abs_send_time(uint64_t now_us) -> int:
    return clock.abs_send_time(now_us)


# invariant

def assert_that(condition: bool) -> None:
    MEDIAD_ASSERT(condition)


# pool

cdef class PoolProbe:
    cdef Pool pool

    def __cinit__(self, uint32_t capacity):
        if not pool_init(&self.pool, capacity):
            raise MemoryError

    def __dealloc__(self):
        pool_destroy(&self.pool)

    def take(self) -> int | None:
        slot = pool_take(&self.pool)
        return None if slot == NO_SLOT else slot

    def hold(self, uint32_t slot) -> None:
        pool_hold(&self.pool, slot)

    def release(self, uint32_t slot) -> None:
        pool_release(&self.pool, slot)

    def address(self, uint32_t slot) -> int:
        return <size_t>pool_data(&self.pool, slot)

    def fill(self, uint32_t slot, uint8_t value) -> None:
        memset(pool_data(&self.pool, slot), value, SLOT_BYTES)

    def read(self, uint32_t slot) -> bytes:
        return pool_data(&self.pool, slot)[:SLOT_BYTES]

    @property
    def free_count(self) -> int:
        return self.pool.free_count

    @property
    def low_water(self) -> int:
        return self.pool.low_water


# table

cdef class BudgetProbe:
    """One budget."""

    cdef uint64_t due_us

    def take(self, interval_us: int, burst: int, now_us: int):
        return budget_take(&self.due_us, interval_us, burst, now_us)


cdef class TableProbe:
    cdef Table table

    def __cinit__(self, uint32_t capacity, uint64_t seed):
        if not table_init(&self.table, capacity, seed):
            raise MemoryError

    def __dealloc__(self):
        table_destroy(&self.table)

    def __len__(self):
        return self.table.count

    @property
    def cells(self) -> int:
        return self.table.mask + 1

    def get(self, uint64_t key) -> int | None:
        value = table_get(&self.table, key)
        return None if value == NO_VALUE else value

    def put(self, uint64_t key, uint32_t value) -> bool:
        return table_put(&self.table, key, value)

    def remove(self, uint64_t key) -> None:
        table_remove(&self.table, key)


cdef Address address_of(tuple key):
    cdef Address address
    memset(&address, 0, sizeof(Address))
    address.high, address.low, address.port, address.socket = key[:4]
    if len(key) > 4:
        address.local_high, address.local_low = key[4:]
    return address


cdef class AddressTableProbe:
    """Keys are tuples (high, low, port, socket)."""

    cdef AddressTable table

    def __cinit__(self, uint32_t capacity, uint64_t seed):
        if not address_table_init(&self.table, capacity, seed):
            raise MemoryError

    def __dealloc__(self):
        address_table_destroy(&self.table)

    def __len__(self):
        return self.table.count

    def get(self, key: tuple[int, int, int, int]) -> int | None:
        cdef Address address = address_of(key)
        value = address_table_get(&self.table, &address)
        return None if value == NO_VALUE else value

    def put(self, key: tuple[int, int, int, int], uint32_t value) -> bool:
        cdef Address address = address_of(key)
        return address_table_put(&self.table, &address, value)

    def remove(self, key: tuple[int, int, int, int]) -> None:
        cdef Address address = address_of(key)
        address_table_remove(&self.table, &address)


def hash_of(data: bytes, uint64_t seed) -> int:
    return hash_bytes(<const uint8_t*>data, <uint32_t>len(data), seed)


# wheel

cdef class WheelProbe:
    cdef Wheel wheel

    def __cinit__(self, uint32_t capacity, uint64_t now_us):
        if not wheel_init(&self.wheel, capacity, now_us):
            raise MemoryError

    def __dealloc__(self):
        wheel_destroy(&self.wheel)

    def arm(self, uint32_t timer, uint64_t due_us) -> None:
        wheel_arm(&self.wheel, timer, due_us)

    def arm_sooner(self, uint32_t timer, uint64_t due_us) -> None:
        wheel_arm_sooner(&self.wheel, timer, due_us)

    def disarm(self, uint32_t timer) -> None:
        wheel_disarm(&self.wheel, timer)

    def expired(self, uint64_t now_us) -> int | None:
        timer = wheel_expired(&self.wheel, now_us)
        return None if timer == NO_TIMER else timer

    def deadline(self) -> int:
        return wheel_deadline(&self.wheel)

    @property
    def armed(self) -> int:
        return self.wheel.armed


# rate

cdef class RateProbe:
    cdef RateMeter meter

    def add(self, uint32_t size, uint64_t now_us) -> None:
        rate_add(&self.meter, size, now_us)

    def bps(self, uint64_t now_us) -> int:
        return rate_bps(&self.meter, now_us)


# ring

ctypedef struct Record:
    uint64_t[5] words          # all derived from one number, so that a torn record shows


cdef void fill_record(Record* record, uint64_t number) noexcept nogil:
    cdef int i
    for i in range(5):
        record.words[i] = number * (2 * i + 1)


cdef bint is_record(const Record* record, uint64_t number) noexcept nogil:
    cdef int i
    for i in range(5):
        if record.words[i] != number * <uint64_t>(2 * i + 1):
            return False
    return True


cdef class RingProbe:
    """Records carry a number. The *_many methods run without the GIL, for two threads at once."""

    cdef Ring ring

    def __cinit__(self, uint32_t capacity):
        if not ring_init(&self.ring, capacity, sizeof(Record)):
            raise ValueError("capacity is not a power of two")

    def __dealloc__(self):
        ring_destroy(&self.ring)

    def push(self, uint64_t number) -> bool:
        cdef Record record
        fill_record(&record, number)
        return ring_push(&self.ring, &record)

    def pop(self) -> int | None:
        cdef Record record
        return record.words[0] if ring_pop(&self.ring, &record) else None

    def room(self) -> int:
        return ring_room(&self.ring)

    def push_many(self, uint64_t count) -> None:
        """Push the numbers from 0 up to count, in place, waiting where the ring is full."""
        cdef uint64_t number = 0
        cdef void* slot
        with nogil:
            while number < count:
                slot = ring_push_slot(&self.ring)
                if slot != NULL:
                    fill_record(<Record*>slot, number)
                    ring_commit(&self.ring)
                    number += 1

    def pop_many(self, uint64_t count) -> int:
        """How many of the next `count` records are whole and in order, counted from 0."""
        cdef uint64_t number = 0, good = 0
        cdef const void* slot
        with nogil:
            while number < count:
                slot = ring_pop_slot(&self.ring)
                if slot != NULL:
                    good += is_record(<const Record*>slot, number)
                    ring_release(&self.ring)
                    number += 1
        return good


# kernel

def monotonic_us() -> int:
    return kernel.monotonic_us()


def wall_us() -> int:
    return kernel.wall_us()


def block_signals() -> int:
    return kernel.block_signals()


def epoll_wait(fds: dict[int, int], int64_t timeout_us) -> list[int]:
    """The tags of those of {fd: tag} that are readable, within timeout_us."""
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


def probe_gso(int fd) -> bool:
    return kernel.probe_gso(fd)


def enable_gro(int fd) -> bool:
    return kernel.enable_gro(fd)


def address_round_trip(int family, uint64_t high, uint64_t low, uint16_t port) -> tuple[int, int, int] | None:
    """Through a sockaddr of the family and back; None when the family cannot hold the address."""
    cdef kernel.sockaddr_storage name
    if kernel.address_write(&name, family, high, low, port) == 0:
        return None
    if not kernel.address_read(&name, &high, &low, &port):
        raise AssertionError("wrote a sockaddr that it cannot read")
    return high, low, port


def send_segmented(int fd, uint64_t high, uint64_t low, uint16_t port, data: bytes, uint16_t segment_bytes) -> int:
    """One message to the address, cut by the kernel when segment_bytes is not 0; the number of messages sent."""
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
    """What is there now, at most 16: (data, high, low, port, size of the joined datagrams or 0, truncated)."""
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
