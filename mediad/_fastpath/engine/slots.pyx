"""Zeroing of slots, whole pages by the kernel and their edges by memset."""

from libc.stdint cimport uint32_t
from libc.string cimport memset
from mediad._fastpath.engine.graph cimport Consumer, Engine, Producer, ReceiveStream, Transport
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS

cdef extern from "<sys/mman.h>" nogil:
    int madvise(void* start, size_t length, int advice)
    int MADV_DONTNEED

cdef extern from "<unistd.h>" nogil:
    int getpagesize()


cdef struct Slots:
    char* memory
    size_t stride
    # each slot's handle; 0 = free
    const char* handles
    size_t handle_stride
    uint32_t capacity


cdef inline bint is_free(const Slots* slots, size_t index) noexcept nogil:
    return (<const uint32_t*>(slots.handles + index * slots.handle_stride))[0] == 0


cdef void empty(const Slots* slots, size_t index) noexcept nogil:
    """Zero one slot, whose handle is 0 already. Pages it shares with free slots only are given back whole."""
    cdef size_t page = <size_t>getpagesize()
    cdef size_t first = <size_t>slots.memory + index * slots.stride
    cdef size_t after = first + slots.stride
    cdef size_t start = first & ~(page - 1)
    cdef size_t end = (after + page - 1) & ~(page - 1)
    cdef size_t low = index, high = index + 1
    while low > 0 and <size_t>slots.memory + low * slots.stride > start and is_free(slots, low - 1):
        low -= 1
    while high < slots.capacity and <size_t>slots.memory + high * slots.stride < end and is_free(slots, high):
        high += 1
    if <size_t>slots.memory + low * slots.stride > start:
        start += page
        memset(<void*>first, 0, (start if start < after else after) - first)
    if <size_t>slots.memory + high * slots.stride < end:
        end -= page
        memset(<void*>(end if end > first else first), 0, after - (end if end > first else first))
    # A kernel that refuses leaves the bytes as they are, and the slot's next object must find zeros.
    if start < end and madvise(<void*>start, end - start, MADV_DONTNEED) != 0:
        memset(<void*>first, 0, slots.stride)


cdef void empty_transport(Engine* engine, uint32_t index) noexcept nogil:
    cdef Slots slots = Slots(
        <char*>engine.transports, sizeof(Transport),
        <char*>&engine.transports[0].handle, sizeof(Transport), engine.transport_capacity)
    engine.transports[index].handle = 0
    empty(&slots, index)


cdef void empty_producer(Engine* engine, uint32_t index) noexcept nogil:
    cdef Slots slots = Slots(
        <char*>engine.streams, MAX_ENCODINGS * sizeof(ReceiveStream),
        <char*>&engine.producers[0].handle, sizeof(Producer), engine.producer_capacity)
    engine.producers[index].handle = 0
    empty(&slots, index)
    slots.memory = <char*>engine.producers
    slots.stride = sizeof(Producer)
    empty(&slots, index)


cdef void empty_consumer(Engine* engine, uint32_t index) noexcept nogil:
    cdef Slots slots = Slots(
        <char*>engine.consumers, sizeof(Consumer),
        <char*>&engine.consumers[0].handle, sizeof(Consumer), engine.consumer_capacity)
    engine.consumers[index].handle = 0
    empty(&slots, index)
