"""Leaving out of numbers, and finding of the place of late ones."""

from libc.stdint cimport int64_t, uint32_t


cdef inline DropInterval* interval(const NumberMap* numbers, uint32_t index) noexcept nogil:
    """Return the index-th remembered interval, oldest first."""
    return <DropInterval*>&numbers.drops[(numbers.head + index) & (NUMBER_DROPS - 1)]


cdef inline uint32_t intervals_up_to(const NumberMap* numbers, int64_t value) noexcept nogil:
    """Count the remembered intervals that start at or below value, from the newest, where the search mostly ends."""
    cdef uint32_t index = numbers.count
    while index > 0 and interval(numbers, index - 1).first > value:
        index -= 1
    return index


cdef bint numbers_find(const NumberMap* numbers, int64_t value, int64_t* mapped) noexcept nogil:
    cdef uint32_t index
    cdef const DropInterval* before
    cdef int64_t dropped
    if value < numbers.start:
        return False
    index = intervals_up_to(numbers, value)
    if index > 0:
        before = interval(numbers, index - 1)
        if value <= before.last:
            return False
        dropped = before.dropped_before + before.last - before.first + 1
    elif value <= numbers.forgotten:
        return False
    elif numbers.count > 0:
        dropped = interval(numbers, 0).dropped_before
    else:
        dropped = numbers.dropped
    mapped[0] = value + numbers.offset - dropped
    return True


cdef void forget_oldest(NumberMap* numbers) noexcept nogil:
    numbers.forgotten = interval(numbers, 0).last
    numbers.head = (numbers.head + 1) & (NUMBER_DROPS - 1)
    numbers.count -= 1


cdef void insert(NumberMap* numbers, uint32_t index, int64_t value, int64_t dropped_before) noexcept nogil:
    """Insert an interval of one number at this place; the newer ones move up. The caller made room."""
    cdef uint32_t i = numbers.count
    cdef DropInterval* cell
    while i > index:
        interval(numbers, i)[0] = interval(numbers, i - 1)[0]
        i -= 1
    numbers.count += 1
    cell = interval(numbers, index)
    cell.first = value
    cell.last = value
    cell.dropped_before = dropped_before


cdef void close_up(NumberMap* numbers, uint32_t index) noexcept nogil:
    """Take one interval out; the newer ones move down."""
    cdef uint32_t i
    numbers.count -= 1
    for i in range(index, numbers.count):
        interval(numbers, i)[0] = interval(numbers, i + 1)[0]


cdef void numbers_drop(NumberMap* numbers, int64_t value) noexcept nogil:
    cdef uint32_t index, i
    cdef DropInterval* before = NULL
    cdef DropInterval* after = NULL
    cdef int64_t dropped_before
    if value < numbers.start or value <= numbers.highest or value <= numbers.forgotten:
        return
    index = intervals_up_to(numbers, value)
    if index > 0:
        before = interval(numbers, index - 1)
        if value <= before.last:
            return
    for i in range(index, numbers.count):   # empty unless it comes after a later drop and before a later packet
        interval(numbers, i).dropped_before += 1
    numbers.dropped += 1
    if value > numbers.newest_drop:
        numbers.newest_drop = value
    if index < numbers.count and interval(numbers, index).first == value + 1:
        after = interval(numbers, index)
    if before != NULL and before.last + 1 == value:
        before.last = value
        if after != NULL:
            before.last = after.last
            close_up(numbers, index)
        return
    if after != NULL:
        after.first = value
        after.dropped_before -= 1
        return
    if numbers.count == NUMBER_DROPS:
        if index == 0:
            numbers.forgotten = value
            return
        forget_oldest(numbers)
        index -= 1
    if index > 0:
        before = interval(numbers, index - 1)
        dropped_before = before.dropped_before + before.last - before.first + 1
    elif numbers.count > 0:
        dropped_before = interval(numbers, 0).dropped_before - 1
    else:
        dropped_before = numbers.dropped - 1
    insert(numbers, index, value, dropped_before)
