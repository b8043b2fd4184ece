"""Reading of the engine's counters and of its packet pool into dicts."""

from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.counts cimport COUNT_COUNT, DROP_COUNT
from mediad._fastpath.stream.keeper cimport KEPT_AUDIO, KEPT_VIDEO

from mediad._fastpath.engine.counts import Counter, Drop


cdef dict read_counters(const Engine* engine):
    """Return totals and drops by name, read while the media thread counts: each whole, but not all of one instant."""
    cdef int i
    counters = {}
    for i in range(COUNT_COUNT):
        counters[Counter(i).name.removeprefix("COUNT_").lower()] = engine.counts[i]
    for i in range(DROP_COUNT):
        counters[Drop(i).name.lower()] = engine.drops[i]
    return counters


cdef dict read_packet_slots(const Engine* engine):
    """Return the slots of the pool by use: total, free, the fewest free so far, and stored for repeats."""
    return {
        "total": engine.pool.capacity,
        "free": engine.pool.free_count,
        "free_least": engine.pool.low_water,
        "stored_video": engine.keeper.kinds[<int>KEPT_VIDEO].count,
        "stored_audio": engine.keeper.kinds[<int>KEPT_AUDIO].count,
    }
