"""Numbers of one consumer's packets, continuous over pauses, layer switches and packets left out.

These are sequence number, timestamp, VP8 picture id and TL0PICIDX; the frame numbers of dependency descriptors only
keep growing.

Pure arithmetic. `rewriter_sync` starts a new segment at a packet (a key frame, or any packet of audio): its output
follows directly on the highest output so far. Between syncs an input sequence number maps to input + offset - (numbers
dropped before it); drops are remembered for late packets (NUMBER_DROPS of the most recent), and a late packet from
before the segment, or one that was dropped, has no mapping.

A segment may begin in the past: at a stored key frame, or one captured when a newer picture of another stream was sent
already. Its timestamps keep their true place beside those before, or the receiver would show everything later from
then on; but none may go back, so the pictures that would are squeezed together behind the last one, and are shown at
once.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.stream.numbers cimport NumberMap
from mediad._fastpath.wire.payload_info cimport PayloadInfo

ctypedef struct RtpRewriter:
    bint synced                # the owner may clear it: nothing maps until the next sync
    bint started               # something was synced once: outputs so far are to be continued
    uint32_t clock_rate
    int64_t highest_output     # unwrapped; low 16 bits go on the wire
    uint32_t timestamp_offset
    uint32_t highest_timestamp     # output
    uint32_t highest_place         # the same unsqueezed
    uint64_t highest_timestamp_us  # when that picture came
    uint32_t first_timestamp       # input, of this segment
    uint32_t earliest_timestamp    # output, of this segment
    # VP8: counters of a segment start where the ones of the segment before ended
    bint picture_started       # some picture id was sent once
    bint picture_mapped        # `pictures` knows this segment's offset
    bint tl0_started
    bint tl0_mapped
    uint8_t tl0_offset
    uint8_t highest_tl0        # output
    # Dependency descriptor: gaps mean nothing, but a key frame with a lower number than one before counts as late
    bint frame_started         # some frame number was sent once
    bint frame_mapped          # `frame_offset` is this segment's
    uint16_t frame_offset
    uint16_t highest_frame     # output
    int64_t highest_picture    # output, unwrapped; the low 7 or 15 bits go on the wire
    int64_t newest_picture     # input, unwrapped: of the packet with the highest sequence number yet
    int64_t newest_picture_sequence
    NumberMap sequences
    NumberMap pictures

ctypedef struct Rewritten:
    uint16_t sequence_number
    uint32_t timestamp
    uint16_t picture_id
    uint8_t tl0_picture_index
    uint16_t frame_number      # of the dependency descriptor

# first_output: the first sequence number to use, random and below 32768, so that it does not wrap at once
# (RFC 3711 section 3.3.1); first_timestamp random.
cdef void rewriter_init(
    RtpRewriter* rewriter, uint32_t clock_rate, uint16_t first_output, uint32_t first_timestamp
) noexcept nogil
# Start a new segment at this input packet. timestamp_step: RTP units from the place of the highest timestamp so far to
# that of this packet, by capture times or arrival, negative if it is the older one; ignored for the very first packet.
# age: RTP units since the packet came (at received_us): it and those behind it are squeezed up to the present.
cdef void rewriter_sync(RtpRewriter* rewriter, int64_t sequence, uint32_t timestamp, const PayloadInfo* info,
                        int32_t timestamp_step, uint32_t age, uint64_t received_us) noexcept nogil
# Map one packet of the current segment. False: it has no place (before the segment, or dropped before).
cdef bint rewriter_map(RtpRewriter* rewriter, int64_t sequence, uint32_t timestamp, const PayloadInfo* info,
                       uint64_t received_us, Rewritten* out) noexcept nogil
# This input packet is not forwarded: later ones close the gap. frame_dropped: a whole picture goes (say so for each of
# its packets), so VP8 picture ids close up too.
cdef void rewriter_drop(
    RtpRewriter* rewriter, int64_t sequence, const PayloadInfo* info, bint frame_dropped
) noexcept nogil


cdef inline bint rewriter_leaves_hole(const RtpRewriter* rewriter, int64_t sequence) noexcept nogil:
    """True when dropping this packet would leave a hole, since a later one was sent already.

    A client asks for the hole without success and, with VP8, waits for the missing picture id: a late packet of a layer
    that is not wanted is better forwarded than dropped.
    """
    return rewriter.synced and rewriter.sequences.start <= sequence < rewriter.sequences.highest
