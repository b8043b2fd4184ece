"""Limits on the STUN and DTLS datagrams that go up to Python."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy
from mediad._fastpath.base.budget cimport budget_has, budget_spend, budget_take
from mediad._fastpath.base.octets cimport load16
from mediad._fastpath.base.ring cimport ring_popped, ring_push, ring_pushed, ring_room
from mediad._fastpath.base.table cimport NO_VALUE, Address, hash_bytes, table_get
from mediad._fastpath.engine.graph cimport (
    HOST_CELLS, NONE, PAIR_CELLS, PuntShare, drop, transport_index,
)
from mediad._fastpath.engine.counts cimport (
    DROP_DATA_BUDGET, DROP_DTLS_BUDGET, DROP_PUNT_FULL, DROP_STUN_INTEGRITY, DROP_STUN_MALFORMED,
    DROP_STUN_PATH_BUDGET, DROP_STUN_STRANGER_BUDGET, DROP_STUN_UNKNOWN_USERNAME, DROP_TRUNCATED,
)
from mediad._fastpath.engine.messages cimport EVENT_DTLS, EVENT_SCTP, EVENT_STUN, MAX_ADDRESSES, PUNT_BYTES, Punt
from mediad._fastpath.engine.ingress.paths cimport path_earned, path_of
from mediad._fastpath.wire.stun cimport stun_is_message, stun_is_signed, stun_local_username

cdef enum:
    # A browser checks a path every 50 ms until it works, every 0.5 s until it is stable, then every 2.5 s.
    PATH_INTERVAL_US = 200000
    PATH_BURST = 25
    # A path counts as not validated until Python has handled its first check.
    PAIR_INTERVAL_US = 200000
    PAIR_BURST = 20
    TRANSPORT_INTERVAL_US = 40000
    TRANSPORT_BURST = 100
    # Many people behind one address who join at the same time.
    HOST_INTERVAL_US = 2000
    HOST_BURST = 1000
    # A fifth of the time of Python's thread.
    ALL_INTERVAL_US = 500
    ALL_BURST = 2000
    # A handshake with every flight lost once is 20 to 30 datagrams.
    DTLS_INTERVAL_US = 100000
    DTLS_BURST = 60
    # Records of data channels of one client: 38 Mbit/s in full packets, a fifth of the time of Python's thread.
    DATA_INTERVAL_US = 250
    DATA_BURST = 512
    # Of 1024 records. What data may take altogether strangers do not need.
    STUN_SHARE = 24
    DTLS_SHARE = 48
    DATA_SHARE = 192
    STRANGERS_LEAVE = 512
    DTLS_LEAVES = 256
    DATA_LEAVES = 640
    # RFC 6347 section 4.1
    APPLICATION_DATA = 23
    RECORD_HEADER_BYTES = 13


cdef bint within_share(Engine* engine, PuntShare* share, uint32_t limit, uint32_t leave) noexcept nogil:
    """Count one record of a share if it may go into the ring.

    The count of those waiting is an upper bound: it is 0 once all were read.
    """
    cdef uint32_t pushed = ring_pushed(&engine.punts)
    # The difference tells which of two numbers that wrap is the later one.
    if share.waiting != 0 and ring_popped(&engine.punts) - share.newest < <uint32_t>0x80000000:
        share.waiting = 0
    if share.waiting >= limit or ring_room(&engine.punts) <= leave:
        return False
    share.waiting += 1
    share.newest = pushed + 1
    return True


cdef bint punt(Engine* engine, uint32_t kind, Transport* transport, PuntShare* share, uint32_t limit, uint32_t leave,
               const uint8_t* data, uint32_t length, const Address* source) noexcept nogil:
    cdef Punt record
    if length > PUNT_BYTES:
        drop(engine, DROP_TRUNCATED)
        return True                    # nothing that could have been looked at later
    if not within_share(engine, share, limit, leave):
        drop(engine, DROP_PUNT_FULL)
        return False
    record.kind = kind
    record.handle = transport.handle
    record.source = source[0]
    record.length = length
    record.zero = 0
    record.selected_heard_us = 0
    if transport.has_address and transport.selected_path != NONE:
        record.selected_heard_us = transport.paths[transport.selected_path].heard_us
    memcpy(record.bytes, data, length)
    ring_push(&engine.punts, &record)
    engine.has_news = True
    return True


cdef void receive_dtls(Engine* engine, uint32_t place, const uint8_t* data, uint32_t length, const Address* source,
                       uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[place // MAX_ADDRESSES]
    if carries_data(transport, place % MAX_ADDRESSES, data):
        receive_data(engine, transport, data, length, source, now_us)
        return
    if not budget_take(&transport.dtls_due_us, DTLS_INTERVAL_US, DTLS_BURST, now_us):
        drop(engine, DROP_DTLS_BUDGET)
        return
    if punt(engine, EVENT_DTLS, transport, &transport.dtls_share, DTLS_SHARE, DTLS_LEAVES, data, length, source):
        path_earned(transport, place % MAX_ADDRESSES, length)


cdef bint carries_data(const Transport* transport, uint32_t path, const uint8_t* data) noexcept nogil:
    """True for a record that data channels may have sent: DTLS is connected, and its client receives on this path."""
    return (transport.data and transport.has_keys and transport.paths[path].heard_us != 0
            and data[0] == APPLICATION_DATA)


cdef void receive_data(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                       const Address* source, uint64_t now_us) noexcept nogil:
    """Pass up a record of data channels, which has a budget and a share of its own."""
    if not budget_take(&transport.data_due_us, DATA_INTERVAL_US, DATA_BURST, now_us):
        drop(engine, DROP_DATA_BUDGET)
        return
    # Browsers send one record in a datagram; fifty small ones take as long as fifty datagrams.
    budget_spend(&transport.data_due_us, DATA_INTERVAL_US * further_records(data, length), now_us)
    punt_data(engine, EVENT_DTLS, transport, data, length, source)


cdef void receive_sctp(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                       const Address* source, uint64_t now_us) noexcept nogil:
    if not budget_take(&transport.data_due_us, DATA_INTERVAL_US, DATA_BURST, now_us):
        drop(engine, DROP_DATA_BUDGET)
        return
    punt_data(engine, EVENT_SCTP, transport, data, length, source)


cdef void punt_data(Engine* engine, uint32_t kind, Transport* transport, const uint8_t* data, uint32_t length,
                    const Address* source) noexcept nogil:
    """Pass up a datagram of data channels if their share of the ring has room.

    No client may have more in the ring than is free for data. So many who flood it get equal shares, and the first
    datagram of another client finds room.
    """
    cdef uint32_t room = ring_room(&engine.punts)
    cdef uint32_t limit = room - DATA_LEAVES if room > DATA_LEAVES else 0
    punt(engine, kind, transport, &transport.data_share, limit if limit < DATA_SHARE else DATA_SHARE, DATA_LEAVES,
         data, length, source)


cdef uint32_t further_records(const uint8_t* data, uint32_t length) noexcept nogil:
    """Count the DTLS records of a datagram behind its first."""
    cdef uint32_t count = 0
    cdef uint32_t end = RECORD_HEADER_BYTES + load16(data + RECORD_HEADER_BYTES - 2)
    while end + RECORD_HEADER_BYTES <= length:
        count += 1
        end += RECORD_HEADER_BYTES + load16(data + end + RECORD_HEADER_BYTES - 2)
    return count


cdef void receive_stun(Engine* engine, const uint8_t* data, uint32_t length, const Address* source,
                       uint64_t now_us) noexcept nogil:
    cdef const uint8_t* fragment = NULL
    cdef uint32_t fragment_length = 0
    cdef uint64_t username
    cdef uint32_t index, path
    cdef Transport* transport
    if not stun_is_message(data, length):
        drop(engine, DROP_STUN_MALFORMED)
        return
    if not stun_local_username(data, length, &fragment, &fragment_length):
        drop(engine, DROP_STUN_UNKNOWN_USERNAME)
        return
    username = hash_bytes(fragment, fragment_length, engine.seed)
    index = table_get(&engine.usernames, username)
    if index == NO_VALUE:
        drop(engine, DROP_STUN_UNKNOWN_USERNAME)
        return
    transport = &engine.transports[index]
    if not knows_password(transport, username, data, length):
        drop(engine, DROP_STUN_INTEGRITY)
        return
    path = path_of(transport, source)
    if path == NONE:
        stun_from_stranger(engine, transport, data, length, source, now_us)
    else:
        stun_on_path(engine, transport, path, data, length, source, now_us)


cdef bint knows_password(const Transport* transport, uint64_t username, const uint8_t* data,
                         uint32_t length) noexcept nogil:
    cdef uint32_t i
    for i in range(transport.username_count):
        if transport.credentials[i].username == username:
            return stun_is_signed(data, length, &transport.credentials[i].key)
    return False


cdef void stun_on_path(Engine* engine, Transport* transport, uint32_t path, const uint8_t* data, uint32_t length,
                       const Address* source, uint64_t now_us) noexcept nogil:
    if not budget_take(&transport.paths[path].checks_due_us, PATH_INTERVAL_US, PATH_BURST, now_us):
        drop(engine, DROP_STUN_PATH_BUDGET)
    elif punt(engine, EVENT_STUN, transport, &transport.path_share, STUN_SHARE, 0, data, length, source):
        path_earned(transport, path, length)
        return
    transport.paths[path].dropped_us = now_us


cdef void stun_from_stranger(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                             const Address* source, uint64_t now_us) noexcept nogil:
    if not strangers_take(engine, transport, source, now_us):
        drop(engine, DROP_STUN_STRANGER_BUDGET)
    elif punt(engine, EVENT_STUN, transport, &transport.stranger_share, STUN_SHARE, STRANGERS_LEAVE, data, length,
              source):
        return
    transport.stranger_dropped_us = now_us


cdef bint strangers_take(Engine* engine, Transport* transport, const Address* source, uint64_t now_us) noexcept nogil:
    """Take a token from all four budgets, or from none: a refusal by one must not use up the others."""
    cdef uint64_t host[3]
    cdef uint64_t* by_pair
    cdef uint64_t* by_host
    host[0] = source.high
    # Of IPv6 the /64 counts, as one user has all of it; IPv4 stands in the lower half.
    host[1] = source.low if source.high == 0 else 0
    host[2] = transport_index(engine, transport)
    by_host = &engine.strangers.by_host_due_us[
        hash_bytes(<const uint8_t*>host, 16, engine.seed) % HOST_CELLS]
    by_pair = &engine.strangers.by_pair_due_us[
        hash_bytes(<const uint8_t*>host, 24, engine.seed) % PAIR_CELLS]
    if not (
        budget_has(by_pair[0], PAIR_INTERVAL_US, PAIR_BURST, now_us)
        and budget_has(transport.strangers_due_us, TRANSPORT_INTERVAL_US, TRANSPORT_BURST, now_us)
        and budget_has(by_host[0], HOST_INTERVAL_US, HOST_BURST, now_us)
        and budget_has(engine.strangers.all_due_us, ALL_INTERVAL_US, ALL_BURST, now_us)
    ):
        return False
    budget_spend(by_pair, PAIR_INTERVAL_US, now_us)
    budget_spend(&transport.strangers_due_us, TRANSPORT_INTERVAL_US, now_us)
    budget_spend(by_host, HOST_INTERVAL_US, now_us)
    budget_spend(&engine.strangers.all_due_us, ALL_INTERVAL_US, now_us)
    return True
