"""Bodies of transports.pxd."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp
from mediad._fastpath.base.table cimport (
    Address, address_table_put, address_table_remove, hash_bytes, table_put, table_remove,
)
from mediad._fastpath.base.wheel cimport wheel_arm, wheel_disarm
from mediad._fastpath.engine.graph cimport (
    MAX_ADDRESSES, MAX_USERNAMES, NONE, Engine, Transport, feedback_timer, pace_timer, report_timer,
    tell_closed,
)
from mediad._fastpath.engine.messages cimport INDEX_MASK, KIND_TRANSPORT, CommandBody, UsernameBody
from mediad._fastpath.engine.outbox cimport NO_DATAGRAM
from mediad._fastpath.engine.remb cimport remb_cap
from mediad._fastpath.engine.slots cimport empty_transport
from mediad._fastpath.stream.estimator cimport estimator_begin
from mediad._fastpath.stream.uplink cimport uplink_init

cdef enum:
    FIRST_REPORT_US = 500000


cdef void open_transport(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef uint32_t index = handle & INDEX_MASK
    cdef Transport* transport = &engine.transports[index]  # all zeros, see slots.pxd
    transport.handle = handle
    transport.secure = body.open_transport.secure != 0
    transport.rtcp_ssrc = body.open_transport.rtcp_ssrc
    transport.outbox_head = NO_DATAGRAM
    transport.outbox_tail = NO_DATAGRAM
    transport.first_producer = NONE
    transport.first_consumer = NONE
    uplink_init(&transport.uplink, body.open_transport.max_incoming_bitrate_bps)
    estimator_begin(&transport.estimator, body.open_transport.initial_outgoing_bitrate_bps)
    remember_username(engine, transport, &body.open_transport.username)
    wheel_arm(&engine.wheel, report_timer(engine, index), now_us + FIRST_REPORT_US)


cdef void close_transport(Engine* engine, Transport* transport, const CommandBody* body,
                          uint64_t now_us) noexcept nogil:
    cdef uint32_t i
    for i in range(transport.address_count):
        address_table_remove(&engine.addresses, &transport.addresses[i])
    for i in range(transport.username_count):
        table_remove(&engine.usernames, transport.usernames[i])
    wheel_disarm(&engine.wheel, report_timer(engine, transport.handle & INDEX_MASK))
    wheel_disarm(&engine.wheel, feedback_timer(engine, transport.handle & INDEX_MASK))
    wheel_disarm(&engine.wheel, pace_timer(engine, transport.handle & INDEX_MASK))
    engine.flush(engine)               # what waits in the outbox still names this transport's address
    tell_closed(engine, KIND_TRANSPORT, transport.handle)
    empty_transport(engine, transport.handle & INDEX_MASK)


cdef void remember_username(Engine* engine, Transport* transport, const UsernameBody* username) noexcept nogil:
    cdef uint64_t key = hash_bytes(username.bytes, username.length, engine.seed)
    if username.length == 0 or transport.username_count == MAX_USERNAMES:
        return
    if table_put(&engine.usernames, key, transport.handle & INDEX_MASK):
        transport.usernames[transport.username_count] = key
        transport.username_count += 1


cdef void add_username(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    remember_username(engine, transport, &body.username)


cdef void remove_username(Engine* engine, Transport* transport, const CommandBody* body,
                          uint64_t now_us) noexcept nogil:
    cdef uint64_t key = hash_bytes(body.username.bytes, body.username.length, engine.seed)
    cdef uint32_t i
    for i in range(transport.username_count):
        if transport.usernames[i] == key:
            table_remove(&engine.usernames, key)
            transport.username_count -= 1
            transport.usernames[i] = transport.usernames[transport.username_count]
            return


cdef void add_address(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef uint32_t i
    for i in range(transport.address_count):
        if memcmp(&transport.addresses[i], &body.address, sizeof(Address)) == 0:
            return
    if transport.address_count == MAX_ADDRESSES:
        return                     # ICE removes the oldest before it adds one more
    if address_table_put(&engine.addresses, &body.address, transport.handle & INDEX_MASK):
        transport.addresses[transport.address_count] = body.address
        transport.address_count += 1


cdef void remove_address(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef uint32_t i
    for i in range(transport.address_count):
        if memcmp(&transport.addresses[i], &body.address, sizeof(Address)) == 0:
            address_table_remove(&engine.addresses, &body.address)
            transport.address_count -= 1
            transport.addresses[i] = transport.addresses[transport.address_count]
            break
    if transport.has_address and memcmp(&transport.selected, &body.address, sizeof(Address)) == 0:
        engine.flush(engine)
        transport.has_address = False


cdef void select_address(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    transport.selected = body.address
    transport.socket = body.address.socket
    transport.has_address = True


cdef void set_keys(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    transport.receive_session = body.keys.receive_session
    transport.rtcp_session = body.keys.rtcp_session
    transport.has_keys = transport.receive_session != NULL and transport.rtcp_session != NULL


cdef void set_probe_session(Engine* engine, Transport* transport, const CommandBody* body,
                            uint64_t now_us) noexcept nogil:
    transport.probation.session = body.session


cdef void set_desired_bitrate(Engine* engine, Transport* transport, const CommandBody* body,
                              uint64_t now_us) noexcept nogil:
    transport.estimator.desired_bps = body.bitrate_bps


cdef void cap_uplink(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    remb_cap(engine, transport, body.bitrate_bps, now_us)
