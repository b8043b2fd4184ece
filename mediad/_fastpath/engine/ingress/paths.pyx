"""Adding, selecting, proving and removing of paths."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp, memset
from mediad._fastpath.base.table cimport NO_VALUE, Address, address_table_get, address_table_put, address_table_release
from mediad._fastpath.engine.events cimport emit, event_begin, news_have_room
from mediad._fastpath.engine.graph cimport Path, drop, transport_index
from mediad._fastpath.engine.counts cimport DROP_EVENT_FULL
from mediad._fastpath.engine.ingress.learn cimport remote_heard
from mediad._fastpath.engine.messages cimport DONE, EVENT_PATH, REFUSED_FULL, REFUSED_NO_MEMORY, Event

cdef enum:
    # A transport that was proved to receive at an address keeps it this long against the check of another, which may be
    # forged: from the last media, and from its own last check, which come every 2.5 to 5 s.
    KEEP_HEARD_US = 2000000
    KEEP_CHECKED_US = 6000000
    # QUIC allows three times (RFC 9000 section 8.1); the answer to the check itself is one of them.
    EARNED_PER_BYTE = 2


cdef uint32_t path_of(const Transport* transport, const Address* address) noexcept nogil:
    cdef uint32_t i
    for i in range(MAX_ADDRESSES):
        if transport.paths[i].used and memcmp(&transport.paths[i].address, address, sizeof(Address)) == 0:
            return i
    return NONE


cdef Refusal add_address(Engine* engine, Transport* transport, const CommandBody* body,
                         uint64_t now_us) noexcept nogil:
    """Add a path, or give a known one's address to this transport again: a check came from it."""
    cdef uint32_t path = path_of(transport, &body.address)
    cdef uint32_t place
    if path == NONE:
        path = 0
        while path < MAX_ADDRESSES and transport.paths[path].used:
            path += 1
        if path == MAX_ADDRESSES:
            return REFUSED_FULL
        memset(&transport.paths[path], 0, sizeof(Path))
        transport.paths[path].used = True
        transport.paths[path].address = body.address
        if transport.has_address and memcmp(&transport.selected, &body.address, sizeof(Address)) == 0:
            transport.selected_path = path
    transport.paths[path].checked_us = now_us
    place = transport_index(engine, transport) * MAX_ADDRESSES + path
    if may_claim(engine, &body.address, place, now_us) and not address_table_put(
            &engine.addresses, &body.address, place):
        transport.paths[path].used = False
        return REFUSED_NO_MEMORY
    return DONE


cdef bint may_claim(Engine* engine, const Address* address, uint32_t place, uint64_t now_us) noexcept nogil:
    cdef uint32_t owner = address_table_get(&engine.addresses, address)
    cdef const Path* owned
    if owner == NO_VALUE or owner == place:
        return True
    owned = &engine.transports[owner // MAX_ADDRESSES].paths[owner % MAX_ADDRESSES]
    return owned.heard_us == 0 or (
        now_us > owned.heard_us + KEEP_HEARD_US and now_us > owned.checked_us + KEEP_CHECKED_US)


cdef void forget_path(Engine* engine, Transport* transport, uint32_t path) noexcept nogil:
    address_table_release(&engine.addresses, &transport.paths[path].address,
                          transport_index(engine, transport) * MAX_ADDRESSES + path)
    transport.paths[path].used = False


cdef void forget_paths(Engine* engine, Transport* transport) noexcept nogil:
    cdef uint32_t i
    for i in range(MAX_ADDRESSES):
        if transport.paths[i].used:
            forget_path(engine, transport, i)


cdef Refusal remove_address(Engine* engine, Transport* transport, const CommandBody* body,
                            uint64_t now_us) noexcept nogil:
    cdef uint32_t path = path_of(transport, &body.address)
    if path != NONE:
        forget_path(engine, transport, path)
    if transport.has_address and memcmp(&transport.selected, &body.address, sizeof(Address)) == 0:
        engine.flush(engine)
        transport.has_address = False
    return DONE


cdef void select(Engine* engine, Transport* transport, const Address* address) noexcept nogil:
    if transport.has_address:
        engine.flush(engine)           # what waits in the outbox was counted against the other path
    transport.selected = address[0]
    transport.selected_path = path_of(transport, address)
    transport.socket = address.socket
    transport.has_address = True


cdef Refusal select_address(Engine* engine, Transport* transport, const CommandBody* body,
                            uint64_t now_us) noexcept nogil:
    select(engine, transport, &body.address)
    transport.send_limit_bytes = NO_LIMIT
    return DONE


cdef Refusal select_unproven(Engine* engine, Transport* transport, const CommandBody* body,
                             uint64_t now_us) noexcept nogil:
    """Select a path with a limit, unless it was proved while the command was on its way."""
    select(engine, transport, &body.address)
    if transport.selected_path != NONE and transport.paths[transport.selected_path].heard_us != 0:
        transport.send_limit_bytes = NO_LIMIT
    else:
        transport.send_limit_bytes = transport.sent.bytes
    return DONE


cdef Refusal prove_address(Engine* engine, Transport* transport, const CommandBody* body,
                           uint64_t now_us) noexcept nogil:
    """Lift a path's limit: a handshake ended there, so the peer reads the packets sent to it."""
    cdef uint32_t path = path_of(transport, &body.address)
    if path != NONE:
        transport.paths[path].heard_us = now_us
    if transport.has_address and memcmp(&transport.selected, &body.address, sizeof(Address)) == 0:
        transport.send_limit_bytes = NO_LIMIT
    return DONE


cdef void path_earned(Transport* transport, uint32_t path, uint32_t bytes) noexcept nogil:
    if transport.has_address and path == transport.selected_path and transport.send_limit_bytes != NO_LIMIT:
        transport.send_limit_bytes += EARNED_PER_BYTE * bytes


cdef void path_proven(Engine* engine, Transport* transport, uint32_t path, const Address* source,
                      uint64_t now_us) noexcept nogil:
    cdef bint is_selected = transport.has_address and path == transport.selected_path
    if not transport.ice:
        remote_heard(engine, transport, path, source, now_us)
        return
    if is_selected and transport.send_limit_bytes == NO_LIMIT:
        transport.paths[path].heard_us = now_us
        return                         # Python selected it
    if not news_have_room(engine):
        drop(engine, DROP_EVENT_FULL)  # the next packet tells it
        return
    transport.paths[path].heard_us = now_us
    if is_selected:
        transport.send_limit_bytes = NO_LIMIT
    tell_path(engine, transport, &transport.paths[path].address, path, 0)


cdef Refusal ask_address(Engine* engine, Transport* transport, const CommandBody* body,
                         uint64_t now_us) noexcept nogil:
    tell_path(engine, transport, &body.address, path_of(transport, &body.address), True)
    return DONE


cdef void tell_path(Engine* engine, const Transport* transport, const Address* address, uint32_t path,
                    bint asked) noexcept nogil:
    cdef Event event
    event_begin(&event, EVENT_PATH, transport.handle)
    event.body.path.address = address[0]
    event.body.path.dropped_us = transport.stranger_dropped_us
    if path != NONE:
        event.body.path.heard_us = transport.paths[path].heard_us
        if transport.paths[path].dropped_us > transport.stranger_dropped_us:
            event.body.path.dropped_us = transport.paths[path].dropped_us
    event.body.path.asked = asked
    emit(engine, &event)
