"""Limits on a client's sending, told by REMB (draft-alvestrand-rmcat-remb-03): an estimate, a limit, or its end.

A client with transport-cc estimates by itself and is told of limits only. libwebrtc keeps to them beside transport-cc.
"""

from libc.stdint cimport uint8_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport

# Behind the packets of a compound that ends at p: a REMB when there is something to say. Returns where it ends then.
cdef uint8_t* remb_write(Engine* engine, Transport* transport, uint8_t* p, const uint8_t* limit,
                         uint64_t now_us) noexcept nogil
# From now on the client may send no more than this beside its configured limit; 0 lifts it. Told at once.
cdef void remb_cap(Engine* engine, Transport* transport, uint64_t cap_bps, uint64_t now_us) noexcept nogil
