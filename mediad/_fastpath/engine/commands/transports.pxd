"""Commands about transports: opening, closing, user names, keys, and limits of bitrate."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport
from mediad._fastpath.engine.messages cimport CommandBody, Refusal

cdef Refusal open_transport(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal close_transport(Engine* engine, Transport* transport, const CommandBody* body,
                             uint64_t now_us) noexcept nogil
# ICE: which fragments lead here; the paths are in paths.pxd.
cdef Refusal add_username(Engine* engine, Transport* transport, const CommandBody* body,
                          uint64_t now_us) noexcept nogil
cdef Refusal remove_username(Engine* engine, Transport* transport, const CommandBody* body,
                             uint64_t now_us) noexcept nogil
# Sessions are lent by Python until CLOSED.
cdef Refusal set_keys(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal set_probe_session(Engine* engine, Transport* transport, const CommandBody* body,
                               uint64_t now_us) noexcept nogil
# The bitrate that probing aims for, and the cap on what comes in.
cdef Refusal set_desired_bitrate(Engine* engine, Transport* transport, const CommandBody* body,
                                 uint64_t now_us) noexcept nogil
cdef Refusal cap_uplink(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
