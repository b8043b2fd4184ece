"""Look at a packet before libusrsctp gets it: every length holds, and nothing is in it that was not agreed on.

libusrsctp 0.9.5 does not end for an INIT with a parameter of length 0, has code for extensions that data channels
never use, and looks for a tag that it does not know among all associations. So packets with any of these do not reach
it.
"""

from libc.stdint cimport uint8_t, uint32_t

cdef enum Fault:
    FAULT_NONE
    FAULT_LENGTH  # of the packet
    FAULT_PORT
    FAULT_CHUNK  # a chunk, or something in it, is shorter than what it must hold, or leaves the packet
    FAULT_KIND  # a chunk or parameter of an extension that was not agreed on
    FAULT_INIT  # beside other chunks, or of a peer that is connected and would start anew
    FAULT_TAG  # not the association's own (RFC 9260 section 8.5)

# Verification tags of one association; 0 = not known yet.
cdef struct Tags:
    uint32_t own  # that its peer has to use
    uint32_t peer

cdef Fault packet_fault(const uint8_t* packet, size_t length, bint connected, const Tags* tags) noexcept nogil
# Of a packet that leaves: whatever tags it tells.
cdef void note_tags(Tags* tags, const uint8_t* packet, size_t length) noexcept nogil
# Of a packet without a fault.
cdef bint is_init(const uint8_t* packet) noexcept nogil
cdef const char* fault_name(Fault fault) noexcept
