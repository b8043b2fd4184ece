"""Test window into the choice of layers and their bitrates: a class for each struct."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.stream cimport layer_rates, layer_selector
from mediad._fastpath.wire.payload_info cimport PayloadInfo


cdef PayloadInfo layer_info(dict values):
    """Make a PayloadInfo of the fields given, all others 0."""
    cdef PayloadInfo info
    memset(&info, 0, sizeof(info))
    info.is_keyframe = values.get("is_keyframe", 0)
    info.spatial_layer = values.get("spatial_layer", 0)
    info.temporal_layer = values.get("temporal_layer", 0)
    info.is_layer_sync = values.get("is_layer_sync", 0)
    info.starts_over = values.get("starts_over", 0)
    info.enters_layer = values.get("enters_layer", 0)
    info.ends_layer = values.get("ends_layer", 0)
    info.spatial_count = values.get("spatial_count", 0)
    info.targets = values.get("targets", 0)
    info.switches = values.get("switches", 0)
    return info


cdef class LayerSelector:
    cdef layer_selector.LayerSelector state

    def __init__(self, *, bint whole=False):
        self.state.whole = whole

    def target(self, uint32_t spatial, uint32_t temporal):
        layer_selector.selector_target(&self.state, spatial, temporal)

    def restart(self, int64_t sequence):
        layer_selector.selector_restart(&self.state, sequence)

    def decide(self, int64_t sequence, uint32_t timestamp, **values):
        """Return SELECT_* bits; `values` are fields of PayloadInfo."""
        cdef PayloadInfo info = layer_info(values)
        return layer_selector.selector_decide(&self.state, sequence, timestamp, &info)

    @property
    def layers(self):
        """Return the layers being forwarded: (spatial, temporal)."""
        return self.state.spatial, self.state.temporal

    @property
    def wants_keyframe(self):
        return bool(layer_selector.selector_wants_keyframe(&self.state))


cdef class LayerRates:
    cdef layer_rates.LayerRates state

    def add(self, uint32_t size, uint64_t now_us, **values):
        cdef PayloadInfo info = layer_info(values)
        layer_rates.layer_rates_add(&self.state, &info, size, now_us)

    def read(self, uint64_t now_us):
        cdef uint32_t[layer_rates.RATED_CHOICES] bps
        layer_rates.layer_rates_read(&self.state, bps, now_us)
        return [bps[i] for i in range(layer_rates.RATED_CHOICES)]

    def news(self, uint64_t interval_us, uint64_t now_us):
        """Return the bitrates to tell; None when there is no news."""
        if not layer_rates.layer_rates_news(&self.state, interval_us, now_us):
            return None
        return [self.state.told_bps[i] for i in range(layer_rates.RATED_CHOICES)]
