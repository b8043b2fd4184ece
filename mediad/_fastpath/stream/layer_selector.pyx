"""Decisions on temporal layers, on spatial layers, and for the packets of one picture."""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memset
from mediad._fastpath.wire.payload_info cimport MAX_SPATIAL, MAX_TEMPORAL, PayloadInfo, grid_has


cdef inline uint8_t at_most(uint32_t value, uint32_t limit) noexcept nogil:
    return <uint8_t>(value if value < limit else limit)


cdef void selector_target(LayerSelector* selector, uint32_t spatial, uint32_t temporal) noexcept nogil:
    selector.target_spatial = at_most(spatial, MAX_SPATIAL)
    selector.target_temporal = at_most(temporal, MAX_TEMPORAL)


cdef void selector_restart(LayerSelector* selector, int64_t sequence) noexcept nogil:
    selector.layered = False
    selector.spatial_count = 0
    selector.newest_sequence = sequence - 1
    selector.newest = 0
    selector.next = 0
    memset(selector.pictures, 0, sizeof(selector.pictures))


# --- temporal layers --------------------------------------------------------------------------------------------------

cdef inline bint is_entered(const LayerSelector* selector, uint32_t temporal) noexcept nogil:
    """True when this temporal layer and every one below it are entered."""
    cdef uint32_t needed = (1 << (temporal + 1)) - 2
    return selector.entered & needed == needed


cdef bint admit(LayerSelector* selector, const PayloadInfo* info) noexcept nogil:
    """True when a new picture's temporal layer is forwarded."""
    cdef uint32_t temporal = info.temporal_layer
    if temporal == 0:
        return True
    if temporal <= selector.target_temporal:
        if info.is_layer_sync:
            selector.entered |= 1 << temporal
            return True
        if is_entered(selector, temporal):
            return True
    # Later frames of its layer and those above may need this one.
    selector.entered &= (1 << temporal) - 1
    return False


cdef void tell_temporal(LayerSelector* selector) noexcept nogil:
    selector.temporal = 0
    while selector.temporal < selector.target_temporal and is_entered(selector, selector.temporal + 1):
        selector.temporal += 1


# --- spatial layers ---------------------------------------------------------------------------------------------------

cdef inline uint8_t reachable_target(const LayerSelector* selector) noexcept nogil:
    """Return the highest wanted layer that is sent: with K-SVC nothing is forwarded of a missing target."""
    return at_most(selector.target_spatial, selector.spatial_count - 1 if selector.spatial_count else MAX_SPATIAL)


cdef uint32_t move_spatial(LayerSelector* selector, const PayloadInfo* info) noexcept nogil:
    """Move to another spatial layer at a picture's start, for a key frame or a lower target."""
    cdef uint8_t target
    if info.spatial_count:
        selector.spatial_count = info.spatial_count
    target = reachable_target(selector)
    if info.is_keyframe or info.starts_over:
        selector.spatial = target
        selector.entered = 0xFF
        selector.intact = 0xFF
        return 0
    if target >= selector.spatial:
        return 0
    if selector.intact >> target & 1:
        selector.spatial = target
        return 0
    return SELECT_NEEDS_KEYFRAME


cdef void move_up(LayerSelector* selector, PictureDecision* picture, const PayloadInfo* info) noexcept nogil:
    """Move one spatial layer up within a picture that has everything the upper layer's frame needs."""
    if (
        info.enters_layer
        and info.spatial_layer == picture.spatial + 1
        and info.spatial_layer <= reachable_target(selector)
    ):
        selector.intact |= 1 << info.spatial_layer
        picture.spatial = info.spatial_layer
        selector.spatial = info.spatial_layer


# --- pictures ---------------------------------------------------------------------------------------------------------

cdef PictureDecision* find_picture(LayerSelector* selector, uint32_t timestamp) noexcept nogil:
    cdef uint32_t i
    if selector.pictures[selector.newest].known and selector.pictures[selector.newest].timestamp == timestamp:
        return &selector.pictures[selector.newest]
    for i in range(RECENT_PICTURES):
        if selector.pictures[i].known and selector.pictures[i].timestamp == timestamp:
            return &selector.pictures[i]
    return NULL


cdef PictureDecision* add_picture(LayerSelector* selector, uint32_t timestamp) noexcept nogil:
    cdef PictureDecision* picture
    if selector.next == selector.newest:
        selector.next = (selector.next + 1) % RECENT_PICTURES
    picture = &selector.pictures[selector.next]
    picture.known = True
    picture.timestamp = timestamp
    return picture


cdef PictureDecision* start_picture(LayerSelector* selector, uint32_t timestamp, const PayloadInfo* info,
                                    uint32_t* result) noexcept nogil:
    cdef PictureDecision* picture = add_picture(selector, timestamp)
    selector.newest = selector.next
    selector.next = (selector.next + 1) % RECENT_PICTURES
    result[0] |= move_spatial(selector, info)
    picture.spatial = selector.spatial
    picture.forwarded = admit(selector, info)
    tell_temporal(selector)
    return picture


cdef PictureDecision* recall_picture(LayerSelector* selector, uint32_t timestamp,
                                     const PayloadInfo* info) noexcept nogil:
    """Decide for a late packet as for others of its picture; by the present layers when it is the first to come."""
    cdef PictureDecision* picture = find_picture(selector, timestamp)
    if picture == NULL:
        picture = add_picture(selector, timestamp)
        selector.next = (selector.next + 1) % RECENT_PICTURES
        picture.spatial = selector.spatial
        picture.forwarded = info.temporal_layer <= selector.target_temporal and is_entered(
            selector, info.temporal_layer)
    return picture


cdef uint32_t selector_decide(LayerSelector* selector, int64_t sequence, uint32_t timestamp,
                              const PayloadInfo* info) noexcept nogil:
    cdef PictureDecision* picture
    cdef uint32_t result = 0
    if info.targets == 0 or selector.whole:
        return SELECT_FORWARD
    selector.layered = True
    if sequence > selector.newest_sequence:
        selector.newest_sequence = sequence
        picture = find_picture(selector, timestamp)
        if picture == NULL:
            picture = start_picture(selector, timestamp, info, &result)
        elif picture.forwarded and info.spatial_layer > picture.spatial:
            move_up(selector, picture, info)
    else:
        picture = recall_picture(selector, timestamp, info)
    if not picture.forwarded:
        return result | SELECT_WHOLE_PICTURE
    if not grid_has(info.targets, picture.spatial, info.temporal_layer):
        leave_out(selector, info)
        return result
    selector.entered |= info.switches >> 8 * picture.spatial & 0xFF
    result |= SELECT_FORWARD
    if info.ends_layer and info.spatial_layer == picture.spatial:
        result |= SELECT_MARK
    return result


cdef void leave_out(LayerSelector* selector, const PayloadInfo* info) noexcept nogil:
    """Note that spatial layers which need this packet cannot be entered at any picture any more."""
    cdef uint32_t spatial
    for spatial in range(MAX_SPATIAL + 1):
        if grid_has(info.targets, spatial, info.temporal_layer):
            selector.intact &= ~(<uint32_t>1 << spatial)


cdef bint selector_wants_keyframe(const LayerSelector* selector) noexcept nogil:
    cdef uint8_t target = reachable_target(selector)
    return selector.layered and (
        target > selector.spatial or (target < selector.spatial and not selector.intact >> target & 1)
    )
