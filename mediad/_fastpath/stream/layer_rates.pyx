"""Metering of each choice of layers. A zeroed LayerRates is an empty one."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset
from mediad._fastpath.base.rate cimport rate_add, rate_bps
from mediad._fastpath.wire.payload_info cimport PayloadInfo, grid_has


cdef inline uint32_t capped(uint32_t layer) noexcept nogil:
    return layer if layer < RATED_LAYERS else RATED_LAYERS - 1


cdef void layer_rates_add(LayerRates* rates, const PayloadInfo* info, uint32_t bytes, uint64_t now_us) noexcept nogil:
    cdef uint32_t spatial, temporal
    if info.targets != 0:
        if capped(info.spatial_layer) >= rates.spatial_count:
            rates.spatial_count = capped(info.spatial_layer) + 1
        if capped(info.temporal_layer) >= rates.temporal_count:
            rates.temporal_count = capped(info.temporal_layer) + 1
    elif rates.spatial_count == 0:
        rate_add(&rates.meters[0], bytes, now_us)
        return
    for spatial in range(rates.spatial_count):
        for temporal in range(rates.temporal_count):
            # The fourth stands for all above it.
            if info.targets == 0 or grid_has(
                    info.targets, spatial, temporal if temporal < RATED_LAYERS - 1 else 7):
                rate_add(&rates.meters[RATED_LAYERS * spatial + temporal], bytes, now_us)


cdef void layer_rates_clear(LayerRates* rates) noexcept nogil:
    cdef uint64_t told_us = rates.told_us
    memset(rates, 0, sizeof(LayerRates))
    rates.told_us = told_us


cdef void layer_rates_read(LayerRates* rates, uint32_t* bps, uint64_t now_us) noexcept nogil:
    cdef uint32_t spatial, temporal, choice
    memset(bps, 0, RATED_CHOICES * sizeof(uint32_t))
    for spatial in range(rates.spatial_count if rates.spatial_count else 1):
        for temporal in range(rates.temporal_count if rates.temporal_count else 1):
            choice = RATED_LAYERS * spatial + temporal
            bps[choice] = <uint32_t>rate_bps(&rates.meters[choice], now_us)


cdef bint layer_rates_news(LayerRates* rates, uint64_t interval_us, uint64_t now_us) noexcept nogil:
    cdef uint32_t[RATED_CHOICES] bps
    cdef uint32_t choice, difference
    cdef bint changed = False
    if now_us < rates.told_us + interval_us:
        return False
    rates.told_us = now_us
    layer_rates_read(rates, bps, now_us)
    for choice in range(RATED_CHOICES):
        difference = (
            bps[choice] - rates.told_bps[choice] if bps[choice] > rates.told_bps[choice]
            else rates.told_bps[choice] - bps[choice]
        )
        changed = changed or difference > rates.told_bps[choice] // 16
    if changed:
        memcpy(rates.told_bps, bps, sizeof(bps))
    return changed
