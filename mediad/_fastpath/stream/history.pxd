"""What was received and what was sent, for retransmission.

PacketStore keeps the plaintext of a received stream once, by its unwrapped sequence number, in pool slots; SentHistory
keeps for each consumer only how a stored packet was rewritten. A retransmission reads both, so fan-out costs no memory
copies.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.pool cimport Pool
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

ctypedef struct StoredPacket:
    int64_t sequence           # unwrapped; -1 = empty
    uint64_t received_us
    uint32_t slot              # holds one pool reference
    RtpPacket packet           # view into the slot
    PayloadInfo info

ctypedef struct PacketStore:
    StoredPacket* packets      # ring of capacity (a power of two)
    uint32_t capacity
    uint64_t keep_us           # older packets are released as newer ones come
    int64_t oldest
    int64_t newest
    Pool* pool

cdef bint store_init(PacketStore* store, Pool* pool, uint32_t capacity, uint64_t keep_us) noexcept nogil
cdef void store_destroy(PacketStore* store) noexcept nogil      # releases every slot
# Takes its own reference on slot; NULL (and no reference) when the number is older than the ring is long. O(1): lets go
# of what is too old, at most 4 packets a call. A stream that restarts should clear the store.
cdef StoredPacket* store_put(PacketStore* store, int64_t sequence, uint32_t slot, const RtpPacket* packet,
                             const PayloadInfo* info, uint64_t now_us) noexcept nogil
cdef StoredPacket* store_get(PacketStore* store, int64_t sequence) noexcept nogil     # NULL when gone
cdef void store_clear(PacketStore* store) noexcept nogil

ctypedef struct SentPacket:
    int64_t source_sequence    # unwrapped number in the source stream
    uint32_t source_stream     # which receive stream (engine's index)
    uint32_t timestamp         # as sent
    uint32_t resent_ms         # when it was last retransmitted, low 32 bits; 0 = never
    # As first sent: without RTX a repeat must be bit-identical, or GCM would reuse its nonce on other bytes.
    uint32_t abs_send_time
    uint16_t sequence_number   # as sent
    uint16_t transport_cc_sequence  # as first sent, for the same reason
    uint16_t picture_id
    uint16_t frame_number
    uint8_t tl0_picture_index
    uint8_t marker
    uint8_t valid
    uint8_t held               # numbered, but the pacer has not let it go yet: nothing to repeat

ctypedef struct SentHistory:
    SentPacket* packets        # ring by sequence_number & mask
    uint32_t mask

cdef bint sent_init(SentHistory* history, uint32_t capacity) noexcept nogil
cdef void sent_destroy(SentHistory* history) noexcept nogil
cdef void sent_clear(SentHistory* history) noexcept nogil

cdef inline SentPacket* sent_put(SentHistory* history, uint16_t sequence_number) noexcept nogil:
    """The cell for a packet about to be sent; the caller fills it."""
    cdef SentPacket* cell = &history.packets[sequence_number & history.mask]
    cell.sequence_number = sequence_number
    cell.valid = 1
    cell.resent_ms = 0
    cell.held = 0
    return cell


cdef inline SentPacket* sent_get(SentHistory* history, uint16_t sequence_number) noexcept nogil:
    cdef SentPacket* cell = &history.packets[sequence_number & history.mask]
    if cell.valid and cell.sequence_number == sequence_number:
        return cell
    return NULL
