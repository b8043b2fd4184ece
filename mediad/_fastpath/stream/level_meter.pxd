"""Audio levels of one producer (RFC 6464) since they were last taken: sum, and the loudest of each step of 20 ms.

Steps are counted by RTP timestamps: neither jitter, nor loss, nor the length of packets moves a sound to another step.
"""

from libc.stdint cimport uint8_t, uint32_t

cdef enum:
    LEVEL_STEPS = 32               # kept at most, a power of two: more than come between two readings
    LEVEL_STEPS_PER_S = 50

ctypedef struct LevelMeter:
    uint32_t step_ticks            # of the RTP clock in one step; 0 = this producer's levels are not wanted
    uint32_t packets               # since the levels were last taken
    uint32_t attenuation           # sum of their levels, each 0 to 127 below full scale (-dBov)
    uint32_t newest                # step of the newest packet
    uint32_t untaken               # steps up to it that have not been taken yet, at most LEVEL_STEPS
    uint8_t loudness[LEVEL_STEPS]  # 127 + dBov of step number % LEVEL_STEPS; 0 = silence, or nothing came

cdef void level_meter_init(LevelMeter* meter, uint32_t clock_rate) noexcept nogil
# A packet's level: its byte in the extension without the voice flag.
cdef void level_meter_add(LevelMeter* meter, uint32_t timestamp, uint8_t attenuation) noexcept nogil
# Copy the steps not taken yet, oldest first, and begin anew; returns their number.
cdef uint32_t level_meter_take(LevelMeter* meter, uint8_t* loudness) noexcept nogil
