"""One direction of a network that is emulated: random loss, a rate with a queue before it, a delay.

Packets stay in order. Those that wait are copied into memory of the link's own, allocated with it: whatever one link
holds takes nothing from the packets of others. A link loses what would wait for its turn longer than a good router
keeps it, and what there is no room for.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address

cdef enum:
    LINK_PACKETS = 512             # that wait at most: 1 MiB
    LINK_PACKET_BYTES = 2048       # as much as a packet slot or a place in the outbox has
    LINK_LOSS_UNIT = 1000000       # loss is given in millionths

cdef enum LinkVerdict:
    LINK_PASSED = 0                # it goes on at once; nothing was kept
    LINK_HELD = 1                  # a copy waits
    LINK_LOST = 2                  # by chance
    LINK_FULL = 3                  # the queue is too long

ctypedef struct LinkSettings:
    uint64_t rate_bps              # 0 = no limit
    uint32_t delay_us
    uint32_t loss_ppm              # LINK_LOSS_UNIT = all

ctypedef struct HeldPacket:
    uint64_t due_us
    Address source                 # as it was given; zeros where it has none
    uint32_t length
    uint8_t bytes[LINK_PACKET_BYTES]

ctypedef struct Link:
    LinkSettings settings
    uint64_t free_us               # when all that was sent so far has left
    uint64_t dice                  # state of the generator of losses
    uint32_t head
    uint32_t count
    HeldPacket held[LINK_PACKETS]

ctypedef struct Throttle:          # of one transport (engine/throttle)
    Link uplink                    # what the client sends
    Link downlink                  # what it gets

# What waits under other settings keeps its time.
cdef void link_set(Link* link, const LinkSettings* settings) noexcept nogil
# Send a packet of at most LINK_PACKET_BYTES over the link; `source` may be NULL.
cdef LinkVerdict link_send(Link* link, const uint8_t* data, uint32_t length, const Address* source,
                           uint64_t now_us) noexcept nogil
# When the next packet arrives; 0 = none waits.
cdef uint64_t link_due(const Link* link) noexcept nogil
# The next packet if it has arrived, else NULL. It is valid until the next call for this link.
cdef const HeldPacket* link_arrived(Link* link, uint64_t now_us) noexcept nogil
