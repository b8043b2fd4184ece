"""SSRCs of a peer that libsrtp keeps a stream for: those of bound streams, a few that were bound, some that report.

libsrtp makes a stream of every SSRC under which something authentic came, walks a list of them for each packet, and
forgets none by itself. So an SSRC it does not know is shown to it only where we know what it is for, and removed when
that is over. The last few that were bound stay for a while: their replay lists keep out recorded packets, and a
producer that is closed and opened again under its SSRC goes on counting where it was.

RTCP comes under SSRCs of its own: Chromium reports from 1 where it only receives, Firefox from one for each receiver,
others from one for all. Nothing announces them. So as many as that may report, and beyond it the newest takes the place
of the one that came first, but not often: an SSRC that lost its place may have it again at any time, since SRTCP needs
no memory of what came before.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport

# No stream is bound to this SSRC any more.
cdef void retire_ssrc(Engine* engine, Transport* transport, uint32_t ssrc) noexcept nogil
# A packet under this SSRC was of no use: libsrtp shall not keep a stream for it.
cdef void forget_ssrc(Engine* engine, Transport* transport, uint32_t ssrc) noexcept nogil
# True when RTCP under this SSRC may be given to libsrtp. Changes nothing: it is not authentic yet.
cdef bint reporter_known(const Engine* engine, const Transport* transport, uint32_t ssrc) noexcept nogil
cdef bint reporter_may_come(const Transport* transport, uint64_t now_us) noexcept nogil
# Authentic RTCP came under an SSRC that was not known.
cdef void reporter_came(Engine* engine, Transport* transport, uint32_t ssrc, uint64_t now_us) noexcept nogil
# The transport ends, or has other keys.
cdef void forget_peer(Engine* engine, Transport* transport) noexcept nogil
