"""Metering of audio levels. A zeroed LevelMeter is one whose levels are not wanted."""

from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memset

cdef enum:
    QUIETEST = 127                 # -dBov
    HELD_STEPS = 2                 # a level lasts 40 ms longer than its packet: packets of 60 ms have no gaps

cdef extern from "<stdint.h>":
    const uint32_t NO_STEP "UINT32_C(0x80000000)"  # no audio clock gets there


cdef void level_meter_init(LevelMeter* meter, uint32_t clock_rate) noexcept nogil:
    memset(meter, 0, sizeof(LevelMeter))
    meter.newest = NO_STEP
    meter.step_ticks = clock_rate // LEVEL_STEPS_PER_S if clock_rate >= LEVEL_STEPS_PER_S else 1


cdef void level_meter_add(LevelMeter* meter, uint32_t timestamp, uint8_t attenuation) noexcept nogil:
    cdef uint32_t step = timestamp // meter.step_ticks
    cdef int32_t ahead = <int32_t>(step - meter.newest)
    cdef uint8_t* cell = &meter.loudness[step % LEVEL_STEPS]
    meter.packets += 1
    meter.attenuation += attenuation
    if ahead > 0 or ahead <= -LEVEL_STEPS:
        advance(meter, step, ahead)
    elif <uint32_t>-ahead >= meter.untaken:
        return                         # it is of a step that was taken without it
    if QUIETEST - attenuation > cell[0]:
        cell[0] = QUIETEST - attenuation


cdef void advance(LevelMeter* meter, uint32_t step, int32_t ahead) noexcept nogil:
    """Make `step` the newest; after a jump of its timestamps a stream begins anew."""
    cdef uint8_t held = meter.loudness[meter.newest % LEVEL_STEPS]
    cdef int32_t i
    meter.newest = step
    if not 0 < ahead < LEVEL_STEPS:
        memset(meter.loudness, 0, sizeof(meter.loudness))
        meter.untaken = 1
        return
    for i in range(1, ahead):
        meter.loudness[(step - <uint32_t>(ahead - i)) % LEVEL_STEPS] = held if i <= HELD_STEPS else 0
    meter.loudness[step % LEVEL_STEPS] = 0
    meter.untaken += <uint32_t>ahead
    if meter.untaken > LEVEL_STEPS:
        meter.untaken = LEVEL_STEPS


cdef uint32_t level_meter_take(LevelMeter* meter, uint8_t* loudness) noexcept nogil:
    cdef uint32_t steps = meter.untaken
    cdef uint32_t i
    for i in range(steps):
        loudness[i] = meter.loudness[(meter.newest - steps + 1 + i) % LEVEL_STEPS]
    meter.packets = 0
    meter.attenuation = 0
    meter.untaken = 0
    return steps
