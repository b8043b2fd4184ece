"""Opening and closing of transports, and the settings that commands give them."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.table cimport NO_VALUE, hash_bytes, table_claim, table_get, table_release
from mediad._fastpath.base.wheel cimport wheel_arm, wheel_disarm
from mediad._fastpath.engine.commands.own_sockets cimport disown_sockets
from mediad._fastpath.engine.events cimport tell_closed
from mediad._fastpath.engine.graph cimport (
    NONE, Engine, Transport, feedback_timer, pace_timer, report_timer, transport_index,
    transport_news_timer,
)
from mediad._fastpath.engine.messages cimport (
    DONE, INDEX_MASK, KIND_TRANSPORT, MAX_USERNAMES, REFUSED_FULL, REFUSED_NO_MEMORY, REFUSED_OUT_OF_RANGE,
    REFUSED_TAKEN, CommandBody, Refusal, UsernameBody,
)
from mediad._fastpath.engine.outbox cimport NO_DATAGRAM
from mediad._fastpath.engine.ingress.paths cimport forget_paths
from mediad._fastpath.engine.timers.remb cimport remb_cap
from mediad._fastpath.engine.slots cimport empty_transport
from mediad._fastpath.engine.ingress.srtp_streams cimport forget_peer
from mediad._fastpath.engine.throttle cimport throttle_end
from mediad._fastpath.stream.estimator cimport estimator_begin
from mediad._fastpath.stream.uplink cimport uplink_init
from mediad._fastpath.wire.hmac_sha1 cimport hmac_set_key

cdef enum:
    FIRST_REPORT_US = 500000


cdef Refusal open_transport(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef uint32_t index = handle & INDEX_MASK
    cdef Transport* transport = &engine.transports[index]  # all zeros, see slots.pxd
    cdef Refusal refusal
    transport.handle = handle
    transport.secure = body.open_transport.secure != 0
    transport.ice = body.open_transport.username.length != 0
    transport.data = body.open_transport.data != 0
    transport.rtcp_ssrc = body.open_transport.rtcp_ssrc
    transport.selected_path = NONE
    transport.outbox_head = NO_DATAGRAM
    transport.outbox_tail = NO_DATAGRAM
    transport.own.rtcp_head = NO_DATAGRAM
    transport.own.rtcp_tail = NO_DATAGRAM
    transport.first_producer = NONE
    transport.first_consumer = NONE
    uplink_init(&transport.uplink, body.open_transport.max_incoming_bitrate_bps)
    estimator_begin(&transport.estimator, body.open_transport.initial_outgoing_bitrate_bps)
    if transport.ice:
        refusal = remember_username(engine, transport, &body.open_transport.username)
        if refusal != DONE:
            empty_transport(engine, index)
            return refusal
    wheel_arm(&engine.wheel, report_timer(engine, index), now_us + FIRST_REPORT_US)
    return DONE


cdef Refusal close_transport(Engine* engine, Transport* transport, const CommandBody* body,
                             uint64_t now_us) noexcept nogil:
    cdef uint32_t i
    forget_paths(engine, transport)
    for i in range(transport.username_count):
        table_release(&engine.usernames, transport.credentials[i].username, transport_index(engine, transport))
    forget_peer(engine, transport)
    wheel_disarm(&engine.wheel, report_timer(engine, transport.handle & INDEX_MASK))
    wheel_disarm(&engine.wheel, feedback_timer(engine, transport.handle & INDEX_MASK))
    wheel_disarm(&engine.wheel, pace_timer(engine, transport.handle & INDEX_MASK))
    wheel_disarm(&engine.wheel, transport_news_timer(engine, transport.handle & INDEX_MASK))
    throttle_end(engine, transport)
    engine.flush(engine)               # what waits in the outbox still names this transport's address
    disown_sockets(engine, transport)
    tell_closed(engine, KIND_TRANSPORT, transport.handle)
    empty_transport(engine, transport.handle & INDEX_MASK)
    return DONE


cdef Refusal remember_username(Engine* engine, Transport* transport, const UsernameBody* username) noexcept nogil:
    cdef uint64_t key = hash_bytes(username.bytes, username.length, engine.seed)
    cdef uint32_t index = transport_index(engine, transport)
    if username.length == 0:
        return REFUSED_OUT_OF_RANGE
    if table_get(&engine.usernames, key) == index:
        return DONE
    if transport.username_count == MAX_USERNAMES:
        return REFUSED_FULL
    if not table_claim(&engine.usernames, key, index):
        return REFUSED_NO_MEMORY if table_get(&engine.usernames, key) == NO_VALUE else REFUSED_TAKEN
    transport.credentials[transport.username_count].username = key
    hmac_set_key(&transport.credentials[transport.username_count].key, username.password, username.password_length)
    transport.username_count += 1
    return DONE


cdef Refusal add_username(Engine* engine, Transport* transport, const CommandBody* body,
                          uint64_t now_us) noexcept nogil:
    return remember_username(engine, transport, &body.username)


cdef Refusal remove_username(Engine* engine, Transport* transport, const CommandBody* body,
                             uint64_t now_us) noexcept nogil:
    cdef uint64_t key = hash_bytes(body.username.bytes, body.username.length, engine.seed)
    cdef uint32_t i
    for i in range(transport.username_count):
        if transport.credentials[i].username == key:
            table_release(&engine.usernames, key, transport_index(engine, transport))
            transport.username_count -= 1
            transport.credentials[i] = transport.credentials[transport.username_count]
            break
    return DONE


cdef Refusal set_keys(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    forget_peer(engine, transport)
    transport.receive_session = body.keys.receive_session
    transport.rtcp_session = body.keys.rtcp_session
    transport.has_keys = transport.receive_session != NULL and transport.rtcp_session != NULL
    return DONE


cdef Refusal set_probe_session(Engine* engine, Transport* transport, const CommandBody* body,
                               uint64_t now_us) noexcept nogil:
    transport.probation.session = body.session
    return DONE


cdef Refusal set_desired_bitrate(Engine* engine, Transport* transport, const CommandBody* body,
                                 uint64_t now_us) noexcept nogil:
    transport.estimator.desired_bps = body.bitrate_bps
    return DONE


cdef Refusal cap_uplink(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    remb_cap(engine, transport, body.bitrate_bps, now_us)
    return DONE
