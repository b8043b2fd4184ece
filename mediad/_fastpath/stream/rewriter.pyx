"""Mapping of one consumer's packets; the owner decides what is forwarded, dropped and where a segment starts."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.sequence cimport newer16, newer32
from mediad._fastpath.stream.numbers cimport numbers_drop, numbers_map, numbers_start
from mediad._fastpath.wire.payload_info cimport PayloadInfo

cdef enum:
    CYCLE = 65536
    SQUEEZE = 32                   # to what part of their distance pictures are squeezed; they must not coincide
    SQUEEZE_LIMIT_S = 4            # into a segment; an older one does not begin one


cdef void rewriter_init(
    RtpRewriter* rewriter, uint32_t clock_rate, uint16_t first_output, uint32_t first_timestamp
) noexcept nogil:
    memset(rewriter, 0, sizeof(RtpRewriter))
    rewriter.clock_rate = clock_rate
    rewriter.highest_output = <int64_t>CYCLE + first_output - 1
    rewriter.highest_timestamp = first_timestamp
    rewriter.highest_place = first_timestamp


cdef int64_t unwrap_picture(RtpRewriter* rewriter, int64_t sequence, const PayloadInfo* info) noexcept nogil:
    """Unwrap the picture id to an ever growing number.

    Sequence numbers already say which of two packets is older, so a picture id is read forward for a newer packet and
    backward for an older one: with 7 bits (RFC 7741 section 4.2) the nearest one would be ambiguous after 64 lost
    pictures, about two seconds.
    """
    cdef int64_t mask = (<int64_t>1 << info.picture_id_bits) - 1
    cdef int64_t picture
    if sequence < rewriter.newest_picture_sequence:
        return rewriter.newest_picture - ((rewriter.newest_picture - info.picture_id) & mask)
    picture = rewriter.newest_picture + ((info.picture_id - rewriter.newest_picture) & mask)
    rewriter.newest_picture = picture
    rewriter.newest_picture_sequence = sequence
    return picture


cdef void start_pictures(RtpRewriter* rewriter, int64_t sequence, const PayloadInfo* info) noexcept nogil:
    """Map the first picture id of a segment: it follows the highest sent so far, or is kept when there was none."""
    cdef int64_t picture = info.picture_id
    rewriter.newest_picture = picture
    rewriter.newest_picture_sequence = sequence
    numbers_start(
        &rewriter.pictures, picture, rewriter.highest_picture + 1 if rewriter.picture_started else picture
    )
    rewriter.picture_mapped = True


cdef uint16_t map_picture(RtpRewriter* rewriter, int64_t sequence, const PayloadInfo* info) noexcept nogil:
    cdef int64_t picture, mapped
    if not rewriter.picture_mapped:
        start_pictures(rewriter, sequence, info)
    picture = unwrap_picture(rewriter, sequence, info)
    if not numbers_map(&rewriter.pictures, picture, &mapped):
        # Only a sender whose ids contradict its sequence numbers, or a packet older than the memory, gets here.
        mapped = picture + rewriter.pictures.offset - rewriter.pictures.dropped
    if not rewriter.picture_started or mapped > rewriter.highest_picture:
        rewriter.highest_picture = mapped
        rewriter.picture_started = True
    return <uint16_t>(mapped & ((1 << info.picture_id_bits) - 1))


cdef uint8_t map_tl0(RtpRewriter* rewriter, const PayloadInfo* info) noexcept nogil:
    """Map TL0PICIDX. Base-layer pictures, which it counts, are never dropped inside a segment: one offset will do."""
    cdef uint8_t mapped
    if not rewriter.tl0_mapped:
        rewriter.tl0_mapped = True
        rewriter.tl0_offset = 0
        if rewriter.tl0_started:
            rewriter.tl0_offset = <uint8_t>(rewriter.highest_tl0 + 1 - info.tl0_picture_index)
    mapped = <uint8_t>(info.tl0_picture_index + rewriter.tl0_offset)
    if not rewriter.tl0_started or <int8_t>(<uint8_t>(mapped - rewriter.highest_tl0)) > 0:
        rewriter.highest_tl0 = mapped
        rewriter.tl0_started = True
    return mapped


cdef uint16_t map_frame(RtpRewriter* rewriter, const PayloadInfo* info) noexcept nogil:
    """Map a frame number. A segment's frames keep their distances, by which they name the frames they need."""
    cdef uint16_t mapped
    if not rewriter.frame_mapped:
        rewriter.frame_mapped = True
        rewriter.frame_offset = 0
        if rewriter.frame_started:
            rewriter.frame_offset = <uint16_t>(rewriter.highest_frame + 1 - info.frame_number)
    mapped = <uint16_t>(info.frame_number + rewriter.frame_offset)
    if not rewriter.frame_started or newer16(mapped, rewriter.highest_frame):
        rewriter.highest_frame = mapped
        rewriter.frame_started = True
    return mapped


cdef uint32_t map_timestamp(RtpRewriter* rewriter, uint32_t timestamp, uint64_t received_us) noexcept nogil:
    """Map a timestamp to the picture's true place, or to the squeezed one while that is later."""
    cdef uint32_t place = timestamp + rewriter.timestamp_offset
    cdef uint32_t since = timestamp - rewriter.first_timestamp
    cdef uint32_t mapped = place
    if since < SQUEEZE_LIMIT_S * rewriter.clock_rate:
        mapped = rewriter.earliest_timestamp + since // SQUEEZE
        if newer32(place, mapped):
            mapped = place
    if newer32(mapped, rewriter.highest_timestamp):
        rewriter.highest_timestamp = mapped
        rewriter.highest_place = place
        rewriter.highest_timestamp_us = received_us
    return mapped


cdef void rewriter_sync(
    RtpRewriter* rewriter,
    int64_t sequence,
    uint32_t timestamp,
    const PayloadInfo* info,
    int32_t timestamp_step,
    uint32_t age,
    uint64_t received_us,
) noexcept nogil:
    cdef uint32_t place = rewriter.highest_place - age
    cdef uint32_t earliest = rewriter.highest_timestamp
    if rewriter.started:
        place = rewriter.highest_place + <uint32_t>timestamp_step
        # Two pictures at one instant would be one to a decoder.
        earliest += 1
        if newer32(place + age, earliest):
            earliest = place + age
    rewriter.timestamp_offset = place - timestamp
    rewriter.first_timestamp = timestamp
    rewriter.earliest_timestamp = earliest
    rewriter.highest_timestamp = earliest
    rewriter.highest_place = place
    rewriter.highest_timestamp_us = received_us
    numbers_start(&rewriter.sequences, sequence, rewriter.highest_output + 1)
    rewriter.picture_mapped = False
    rewriter.tl0_mapped = False
    rewriter.frame_mapped = False
    if info != NULL and info.picture_id_bits != 0:
        start_pictures(rewriter, sequence, info)
    rewriter.synced = True
    rewriter.started = True


cdef bint rewriter_map(
    RtpRewriter* rewriter,
    int64_t sequence,
    uint32_t timestamp,
    const PayloadInfo* info,
    uint64_t received_us,
    Rewritten* out,
) noexcept nogil:
    cdef int64_t mapped
    if not rewriter.synced or not numbers_map(&rewriter.sequences, sequence, &mapped):
        return False
    if mapped > rewriter.highest_output:
        rewriter.highest_output = mapped
    out.sequence_number = <uint16_t>mapped
    out.timestamp = map_timestamp(rewriter, timestamp, received_us)
    out.picture_id = 0
    out.tl0_picture_index = 0
    out.frame_number = 0
    if info != NULL:
        if info.picture_id_bits != 0:
            out.picture_id = map_picture(rewriter, sequence, info)
        if info.tl0_offset != 0:
            out.tl0_picture_index = map_tl0(rewriter, info)
        if info.has_frame_number:
            out.frame_number = map_frame(rewriter, info)
    return True


cdef void rewriter_drop(
    RtpRewriter* rewriter, int64_t sequence, const PayloadInfo* info, bint frame_dropped
) noexcept nogil:
    cdef int64_t picture
    if not rewriter.synced or sequence < rewriter.sequences.start:
        return
    numbers_drop(&rewriter.sequences, sequence)
    if info == NULL or info.picture_id_bits == 0 or not rewriter.picture_mapped:
        return
    picture = unwrap_picture(rewriter, sequence, info)
    if frame_dropped:
        numbers_drop(&rewriter.pictures, picture)
