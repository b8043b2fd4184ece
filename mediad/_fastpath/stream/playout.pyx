"""Playout delay from loss and round trip of both hops. A zeroed PlayoutDelay asks for nothing."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.octets cimport load24
from mediad._fastpath.stream.nack cimport NACK_MIN_RETRY_US

cdef enum:
    NOTICE_US = 60000          # until a gap is seen and asked for: a frame's distance, and timers
    BROWSER_RETRY_US = 100000  # of one that does not know the round trip
    LONGEST_MS = 400           # beyond that people interrupt each other
    STEP_MS = 10               # of the extension
    NO_LIMIT_STEPS = 1000      # the longest wait browsers allow anyway
    CALM_US = 20000000
    TOLD_FRAMES = 20

cdef double SMOOTHING = 0.3
cdef double LOSSY = 0.01
# Repairs, and requests for them, are lost as well: what is missing after one try, or after two, still shows.
cdef double LOSES_REPAIRS = 0.025
cdef double LOSES_MANY = 0.08


cdef uint64_t repair_us(double* lost, uint8_t missed, uint64_t rtt_us, uint64_t retry_us) noexcept nogil:
    """Delay of a hop's repairs, which are asked for again after a round trip, or after retry_us at least."""
    cdef uint64_t again_us = rtt_us if rtt_us > retry_us else retry_us
    cdef uint64_t more_tries
    lost[0] += SMOOTHING * (missed / 256.0 - lost[0])
    if rtt_us == 0 or lost[0] < LOSSY:
        return 0
    more_tries = <uint64_t>(lost[0] >= LOSES_REPAIRS) + <uint64_t>(lost[0] >= LOSES_MANY)
    return NOTICE_US + rtt_us + more_tries * again_us


cdef void playout_watch(PlayoutDelay* playout, uint8_t missed_up, uint64_t rtt_up_us, uint8_t missed_down,
                        uint64_t rtt_down_us, uint64_t now_us) noexcept nogil:
    cdef uint64_t up_us = repair_us(&playout.lost_up, missed_up, rtt_up_us, NACK_MIN_RETRY_US)
    cdef uint64_t down_us = repair_us(&playout.lost_down, missed_down, rtt_down_us, BROWSER_RETRY_US)
    cdef uint64_t needed_us = up_us if up_us > down_us else down_us
    cdef uint64_t needed_ms = (needed_us // 1000 + STEP_MS - 1) // STEP_MS * STEP_MS
    if needed_ms > LONGEST_MS:
        needed_ms = LONGEST_MS
    if needed_ms >= playout.least_ms:
        playout.needed_us = now_us
    elif now_us < playout.needed_us + CALM_US:
        return
    if needed_ms != playout.least_ms:
        playout.least_ms = <uint32_t>needed_ms
        playout.frames_to_tell = TOLD_FRAMES


cdef uint32_t playout_limits(const PlayoutDelay* playout, const uint8_t* sender) noexcept nogil:
    cdef uint32_t least = playout.least_ms // STEP_MS
    cdef uint32_t wish
    if sender == NULL:
        return least << 12 | NO_LIMIT_STEPS
    wish = load24(sender)
    if least > wish & 0xFFF:
        least = wish & 0xFFF
    return wish if least <= wish >> 12 else least << 12 | (wish & 0xFFF)
