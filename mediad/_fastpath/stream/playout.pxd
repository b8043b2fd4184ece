"""Time that a receiver should hold pictures back, so that lost packets are repaired before they are shown.

A browser that only receives does not know the round trip, and waits as if a repair took no time: at 5 % loss and 100 ms
Chromium's pictures stood still for 6 % of the time, and with 250 ms asked for not at all. So while a hop loses packets
its receivers are asked to wait for its repairs, by the playout-delay extension
(http://www.webrtc.org/experiments/rtp-hdrext/playout-delay); browsers let the voice wait with the picture.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

ctypedef struct PlayoutDelay:
    double lost_up             # shares of what was sent, on the way to us and on the way on, smoothed
    double lost_down
    uint32_t least_ms          # what the receiver is asked for; 0 = nothing
    uint32_t frames_to_tell    # until it certainly knows: it keeps what it was told
    uint64_t needed_us         # when least_ms was last needed

# Once a second. missed_*: lost in the last interval in 1/256, repaired or not. rtt_*_us: 0 = unknown.
cdef void playout_watch(PlayoutDelay* playout, uint8_t missed_up, uint64_t rtt_up_us, uint8_t missed_down,
                        uint64_t rtt_down_us, uint64_t now_us) noexcept nogil
# The extension's three bytes, as a number. `sender`: those of the sender's own wish, or NULL. The longer wait holds,
# but not beyond what the sender allows: it may want pictures shown at once.
cdef uint32_t playout_limits(const PlayoutDelay* playout, const uint8_t* sender) noexcept nogil
