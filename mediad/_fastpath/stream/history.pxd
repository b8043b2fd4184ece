"""Stores of received packets and of sent ones, for retransmission.

PacketStore keeps the plaintext of a received stream once, by its unwrapped sequence number, in pool slots; SentHistory
keeps for each consumer only how a stored packet was rewritten. A retransmission reads both, so fan-out costs no memory
copies. A sent packet's record names the stored one by a serial number that no other ever has: a stream that begins anew
may use its sequence numbers again, and then the packet in the old one's place is not the one that was sent.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.stream.keeper cimport Keeper, KeptKind
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef enum:
    EXPIRY_US = 500000             # how late the timer may remove packets that nothing else did

ctypedef struct PacketStore

ctypedef struct StoredPacket:
    int64_t sequence           # unwrapped; -1 = empty
    uint64_t serial            # of all that was ever kept
    PacketStore* store
    uint64_t received_us
    uint32_t slot              # holds one pool reference
    RtpPacket packet           # view into the slot
    PayloadInfo info

ctypedef struct SentPacket:
    uint64_t serial            # of the stored packet
    uint32_t timestamp         # as sent
    uint32_t resent_ms         # when it was last retransmitted, low 32 bits; 0 = never
    uint32_t header_hash       # of the header as first sent, where a repeat must be the same bit for bit
    uint32_t abs_send_time     # as first sent, for the same reason
    uint16_t transport_cc_sequence
    uint16_t sequence_number   # as sent
    uint16_t source_sequence   # low bits of the unwrapped number in the source stream
    uint16_t picture_id
    uint16_t frame_number
    uint8_t tl0_picture_index
    uint8_t encoding           # of the producer: which stream it came from
    uint8_t marker
    uint8_t valid
    uint8_t held               # numbered, but it has not left (the pacer has it, say): nothing to repeat

ctypedef struct PacketStore:
    StoredPacket* packets      # ring of capacity (a power of two)
    uint32_t capacity
    KeptKind kind
    uint32_t owner
    uint32_t count
    int64_t newest
    Keeper* keeper

cdef bint store_init(PacketStore* store, Keeper* keeper, uint32_t capacity, KeptKind kind,
                     uint32_t owner) noexcept nogil
cdef void store_destroy(PacketStore* store) noexcept nogil      # releases every slot
# Takes its own reference on slot; NULL (and no reference) when the number is older than the ring is long. O(1): lets go
# of a few packets of whatever stream that are too old, or that have to make room. A stream that restarts should clear
# the store.
cdef StoredPacket* store_put(PacketStore* store, int64_t sequence, uint32_t slot, const RtpPacket* packet,
                             const PayloadInfo* info, uint64_t now_us) noexcept nogil
cdef StoredPacket* store_get(PacketStore* store, int64_t sequence) noexcept nogil     # NULL when gone
# The packet that was sent, or NULL when it is gone; another one in its place is not it.
cdef StoredPacket* store_find(PacketStore* store, const SentPacket* sent) noexcept nogil
cdef void store_clear(PacketStore* store) noexcept nogil
# Lets go of what is too old, of all stores. Returns when to come again; 0 = when something was put.
cdef uint64_t stores_expire(Keeper* keeper, uint64_t now_us) noexcept nogil

ctypedef struct SentHistory:
    SentPacket* packets        # ring by sequence_number & mask
    uint32_t mask

cdef bint sent_init(SentHistory* history, uint32_t capacity) noexcept nogil
cdef void sent_destroy(SentHistory* history) noexcept nogil
cdef void sent_clear(SentHistory* history) noexcept nogil

cdef inline SentPacket* sent_put(SentHistory* history, uint16_t sequence_number) noexcept nogil:
    """Return the cell for a packet about to be sent; the caller fills it."""
    cdef SentPacket* cell = &history.packets[sequence_number & history.mask]
    cell.sequence_number = sequence_number
    cell.valid = 1
    cell.resent_ms = 0
    cell.held = 1
    return cell


cdef inline SentPacket* sent_get(SentHistory* history, uint16_t sequence_number) noexcept nogil:
    cdef SentPacket* cell = &history.packets[sequence_number & history.mask]
    if cell.valid and cell.sequence_number == sequence_number:
        return cell
    return NULL
