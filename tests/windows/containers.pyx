"""Test window into the containers of base/: pool, tables, timer wheel and ring, a class for each.

Arguments are trusted: a test that breaks a precondition gets what the C code does then.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.pool cimport (
    NO_SLOT, SLOT_BYTES, TAIL_BYTES, Pool, pool_data, pool_destroy, pool_hold, pool_init, pool_release, pool_take,
)
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


# pool

cdef class PoolWindow:
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

cdef class TableWindow:
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
        address.connection = key[4]
    if len(key) > 5:
        address.local_high, address.local_low = key[5:]
    return address


cdef class AddressTableWindow:
    """Address table; keys are tuples (high, low, port, socket, connection)."""

    cdef AddressTable table

    def __cinit__(self, uint32_t capacity, uint64_t seed):
        if not address_table_init(&self.table, capacity, seed):
            raise MemoryError

    def __dealloc__(self):
        address_table_destroy(&self.table)

    def __len__(self):
        return self.table.count

    def get(self, key: tuple) -> int | None:
        cdef Address address = address_of(key)
        value = address_table_get(&self.table, &address)
        return None if value == NO_VALUE else value

    def put(self, key: tuple, uint32_t value) -> bool:
        cdef Address address = address_of(key)
        return address_table_put(&self.table, &address, value)

    def remove(self, key: tuple) -> None:
        cdef Address address = address_of(key)
        address_table_remove(&self.table, &address)


def hash_of(data: bytes, uint64_t seed) -> int:
    return hash_bytes(<const uint8_t*>data, <uint32_t>len(data), seed)


# wheel

cdef class WheelWindow:
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


cdef class RingWindow:
    """Ring of records that carry a number. The *_many methods run without the GIL, for two threads at once."""

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
        """Pop `count` records; returns how many were whole and in order, counted from 0."""
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
