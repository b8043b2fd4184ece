"""Mapping of numbers to numbers without gaps for those left out on purpose.

The arithmetic under the rewriter, used for sequence numbers and again for picture ids. Within a segment an input maps
to input + offset - (inputs dropped before it). A drop closes the gap only while no higher number was handed out: after
that it stays a hole, since a number that was sent cannot be taken back. So the output of an input never changes,
whether it comes in order or late.
"""

from libc.stdint cimport int64_t, uint32_t

cdef enum:
    NUMBER_DROPS = 64          # intervals of dropped inputs that are remembered

ctypedef struct DropInterval:
    int64_t first              # inputs [first, last] were dropped
    int64_t last
    int64_t dropped_before     # how many were dropped in the segment before `first`

ctypedef struct NumberMap:
    int64_t start              # first input of the segment
    int64_t offset
    int64_t highest            # highest input that has an output; start - 1 when none has
    int64_t dropped            # in this segment
    int64_t newest_drop        # highest dropped input; start - 1 when none
    int64_t forgotten          # highest input of the intervals no longer remembered; start - 1 when none
    uint32_t head              # drops[head] is the oldest interval
    uint32_t count
    DropInterval drops[NUMBER_DROPS]

# Leave an input out. Nothing happens when it lies before the segment or below a number handed out.
cdef void numbers_drop(NumberMap* numbers, int64_t value) noexcept nogil
# The output of an input below the newest one or the newest drop; false when it has none or it is forgotten.
cdef bint numbers_find(const NumberMap* numbers, int64_t value, int64_t* mapped) noexcept nogil


cdef inline void numbers_start(NumberMap* numbers, int64_t value, int64_t mapped) noexcept nogil:
    """Start a segment: this input gets this output."""
    numbers.start = value
    numbers.offset = mapped - value
    numbers.highest = value - 1
    numbers.dropped = 0
    numbers.newest_drop = value - 1
    numbers.forgotten = value - 1
    numbers.head = 0
    numbers.count = 0


cdef inline bint numbers_map(NumberMap* numbers, int64_t value, int64_t* mapped) noexcept nogil:
    if value > numbers.highest and value > numbers.newest_drop:
        mapped[0] = value + numbers.offset - numbers.dropped
    elif not numbers_find(numbers, value, mapped):
        return False
    if value > numbers.highest:
        numbers.highest = value
    return True
