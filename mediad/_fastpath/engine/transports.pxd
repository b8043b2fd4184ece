"""What commands do to transports."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport
from mediad._fastpath.engine.messages cimport CommandBody

cdef void open_transport(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef void close_transport(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
# ICE: which fragments lead here, and where packets may come from and go to.
cdef void add_username(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef void remove_username(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef void add_address(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef void remove_address(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef void select_address(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
# Sessions are lent by Python until CLOSED.
cdef void set_keys(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef void set_probe_session(Engine* engine, Transport* transport, const CommandBody* body,
                            uint64_t now_us) noexcept nogil
# What estimates are for, and the cap on what comes in.
cdef void set_desired_bitrate(Engine* engine, Transport* transport, const CommandBody* body,
                              uint64_t now_us) noexcept nogil
cdef void cap_uplink(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
