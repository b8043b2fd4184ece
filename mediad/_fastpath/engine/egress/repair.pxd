"""Repeats of sent packets: a receiver asked for one, or the pacer held it back.

This file alone decides whether a repeat equals the packet sent. Under its own SSRC it has the same nonce: with AES-GCM
other bytes under it would give the authentication key away (RFC 7714 section 8), so such a repeat is compared with what
was sent, and does not leave when it differs.
"""

from libc.stdint cimport uint16_t, uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine

# Answer one NACKed sequence number: over RTX (RFC 4588) when negotiated, else the same packet once more.
cdef void repeat_packet(Engine* engine, Consumer* consumer, uint16_t sequence_number, uint64_t now_us) noexcept nogil
# A packet that the pacer held back may leave now: a media packet for the first time, or a repeat.
cdef void held_media(Engine* engine, Consumer* consumer, uint16_t sequence_number, uint64_t now_us) noexcept nogil
cdef void held_repeat(Engine* engine, Consumer* consumer, uint16_t sequence_number, uint64_t now_us) noexcept nogil
