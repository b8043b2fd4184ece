"""Bitrates of each choice of layers of a received stream: the grid's pairs of spatial and temporal layers.

Measured per choice, not per layer: with K-SVC an upper spatial layer does not cost what the lower ones do as well.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.rate cimport RateMeter
from mediad._fastpath.wire.payload_info cimport PayloadInfo

cdef enum:
    RATED_LAYERS = 4           # of either kind; higher ones count as the fourth
    RATED_CHOICES = 16         # index: 4 * spatial + temporal

ctypedef struct LayerRates:
    uint8_t spatial_count      # layers seen since the start; 0 = the stream tells of none
    uint8_t temporal_count
    uint64_t told_us
    uint32_t told_bps[RATED_CHOICES]
    RateMeter meters[RATED_CHOICES]

cdef void layer_rates_add(LayerRates* rates, const PayloadInfo* info, uint32_t bytes, uint64_t now_us) noexcept nogil
# Bits per second over the last full second, of choices up to the layers seen; the others stay 0.
# A new sequence begins; when was told last is kept, so that new sequences make no events.
cdef void layer_rates_clear(LayerRates* rates) noexcept nogil
cdef void layer_rates_read(LayerRates* rates, uint32_t* bps, uint64_t now_us) noexcept nogil
# At most once per interval: true when a choice's bitrate has changed by more than a sixteenth since the last true
# answer; told_bps then says what it is.
cdef bint layer_rates_news(LayerRates* rates, uint64_t interval_us, uint64_t now_us) noexcept nogil
