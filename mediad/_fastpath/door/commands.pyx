"""Commands that Python may give: checks, and one fixed-size record filled for each.

Checks happen here, where a mistake can be raised; the media thread trusts each record. MediaLoop and the test
window share this class, so that tests and the daemon give the engine the same commands.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset
from mediad._fastpath.door.addresses cimport fill_address, fill_network
from mediad._fastpath.engine.messages cimport (
    COMMAND_ADD_ADDRESS, COMMAND_ADD_USERNAME, COMMAND_ALLOW_SOURCE, COMMAND_ASK_ADDRESS, COMMAND_CAP_UPLINK,
    COMMAND_CLOSE_CONSUMER, COMMAND_CLOSE_PRODUCER, COMMAND_CLOSE_SOCKET, COMMAND_CLOSE_TRANSPORT,
    COMMAND_OPEN_CONSUMER, COMMAND_OPEN_LISTENER, COMMAND_OPEN_PRODUCER, COMMAND_OPEN_SOCKET, COMMAND_OPEN_TRANSPORT,
    COMMAND_OWN_SOCKET, COMMAND_PAUSE_CONSUMER, COMMAND_PAUSE_PRODUCER, COMMAND_PROVE_ADDRESS, COMMAND_REMOVE_ADDRESS,
    COMMAND_REMOVE_USERNAME, COMMAND_REQUEST_KEY_FRAME, COMMAND_REQUEST_STATS, COMMAND_SELECT_ADDRESS,
    COMMAND_SELECT_UNPROVEN, COMMAND_SET_CONSUMER_SESSIONS, COMMAND_SET_DESIRED_BITRATE, COMMAND_SET_KEYS,
    COMMAND_SET_PROBE_SESSION, COMMAND_SET_REMOTE, COMMAND_SET_TARGET, COMMAND_THROTTLE_TRANSPORT,
    COMMAND_UNTHROTTLE_TRANSPORT, INDEX_BITS, MAX_CNAME, MAX_CODECS, MAX_ENCODINGS, MAX_MID, MAX_PASSWORD, MAX_RID,
    MAX_USERNAME, Command, CommandKind, OpenConsumerBody, OpenProducerBody, UsernameBody,
)
from mediad._fastpath.engine.own_sockets cimport MAX_NETWORKS
from mediad._fastpath.stream.link cimport LINK_LOSS_UNIT, LinkSettings
from mediad._fastpath.wire.rtp cimport EXT_COUNT


# --- checks -----------------------------------------------------------------------------------------------------------

cdef uint32_t check_handle(object handle) except? 0:
    cdef uint64_t value = handle
    if value >> 32 or not value >> INDEX_BITS:
        raise ValueError(f"handle {handle!r} has no generation")
    return <uint32_t>value


cdef uint8_t check_small(object value, str name, int highest) except? 255:
    cdef int64_t number = value
    if number < 0 or number > highest:
        raise ValueError(f"{name} is {value!r}, expected 0..{highest}")
    return <uint8_t>number


cdef uint32_t check_clock_rate(object clock_rate) except 0:
    cdef int64_t rate = clock_rate
    if not 1000 <= rate <= 192000:
        raise ValueError(f"clock rate is {clock_rate!r}, expected 1000..192000")
    return <uint32_t>rate


cdef int copy_bytes(uint8_t* into, bytes value, int limit, str name) except -1:
    if len(value) > limit:
        raise ValueError(f"{name} is {len(value)} bytes long, at most {limit} fit")
    memcpy(into, <const uint8_t*>value, len(value))
    return <int>len(value)


cdef int fill_link(LinkSettings* settings, object values) except -1:
    rate_bps, delay_us, loss_ppm = values
    if not 0 <= loss_ppm <= LINK_LOSS_UNIT:
        raise ValueError(f"loss is {loss_ppm!r} millionths, expected 0..{LINK_LOSS_UNIT}")
    settings.rate_bps = rate_bps
    settings.delay_us = delay_us
    settings.loss_ppm = loss_ppm
    return 0


cdef int fill_username(UsernameBody* body, bytes fragment, bytes password) except -1:
    body.length = copy_bytes(body.bytes, fragment, MAX_USERNAME, "username fragment")
    body.password_length = copy_bytes(body.password, password, MAX_PASSWORD, "ICE password")
    return 0


cdef int fill_extensions(uint8_t* ids, dict extensions, int highest) except -1:
    cdef uint8_t index
    for kind, extension_id in extensions.items():
        index = check_small(int(kind), "extension kind", EXT_COUNT - 1)
        ids[index] = check_small(extension_id, "extension id", highest)
    return 0


cdef int begin(Command* command, CommandKind kind, object handle) except -1:
    """Make a command about an object, with an empty body."""
    memset(command, 0, sizeof(Command))
    command.kind = kind
    command.handle = check_handle(handle)
    return 0


# --- commands ---------------------------------------------------------------------------------------------------------

cdef class Commands:
    """Commands to one engine. Every method returns at once; results come back as events."""

    cdef int submit(self, Command* command) except -1:
        raise TypeError("Commands is abstract")

    cdef int simple(self, CommandKind kind, object handle, uint32_t flag) except -1:
        cdef Command command
        begin(&command, kind, handle)
        command.body.flag = flag
        return self.submit(&command)

    cdef int about_socket(self, CommandKind kind, object index, int fd) except -1:
        cdef Command command
        memset(&command, 0, sizeof(Command))
        command.kind = kind
        command.handle = index
        command.body.fd = fd
        return self.submit(&command)

    cdef int about_address(self, CommandKind kind, object handle, object socket, str host, int port,
                           str local) except -1:
        cdef Command command
        begin(&command, kind, handle)
        fill_address(&command.body.address, socket, host, port, local)
        return self.submit(&command)

    cdef int about_username(self, CommandKind kind, object handle, bytes username_fragment, bytes password) except -1:
        cdef Command command
        begin(&command, kind, handle)
        fill_username(&command.body.username, username_fragment, password)
        return self.submit(&command)

    cdef int about_bitrate(self, CommandKind kind, object handle, object bitrate_bps) except -1:
        cdef Command command
        begin(&command, kind, handle)
        command.body.bitrate_bps = bitrate_bps
        return self.submit(&command)

    def open_socket(self, index: int, fd: int):
        self.about_socket(COMMAND_OPEN_SOCKET, index, fd)

    def open_listener(self, index: int, fd: int):
        self.about_socket(COMMAND_OPEN_LISTENER, index, fd)

    def close_socket(self, index: int):
        self.about_socket(COMMAND_CLOSE_SOCKET, index, -1)

    def open_transport(self, handle: int, *, bytes username_fragment, bytes ice_password, rtcp_ssrc: int,
                       secure: bool = True, data: bool = False, max_incoming_bitrate_bps: int,
                       initial_outgoing_bitrate_bps: int):
        cdef Command command
        begin(&command, COMMAND_OPEN_TRANSPORT, handle)
        fill_username(&command.body.open_transport.username, username_fragment, ice_password)
        command.body.open_transport.rtcp_ssrc = rtcp_ssrc
        command.body.open_transport.secure = bool(secure)
        command.body.open_transport.data = bool(data)
        command.body.open_transport.max_incoming_bitrate_bps = max_incoming_bitrate_bps
        command.body.open_transport.initial_outgoing_bitrate_bps = initial_outgoing_bitrate_bps
        self.submit(&command)

    def close_transport(self, handle: int):
        self.simple(COMMAND_CLOSE_TRANSPORT, handle, 0)

    def add_username(self, handle: int, bytes username_fragment, bytes ice_password):
        self.about_username(COMMAND_ADD_USERNAME, handle, username_fragment, ice_password)

    def remove_username(self, handle: int, bytes username_fragment):
        self.about_username(COMMAND_REMOVE_USERNAME, handle, username_fragment, b"")

    def add_address(self, handle: int, socket: int, str host, port: int, str local = ""):
        self.about_address(COMMAND_ADD_ADDRESS, handle, socket, host, port, local)

    def remove_address(self, handle: int, socket: int, str host, port: int, str local = ""):
        self.about_address(COMMAND_REMOVE_ADDRESS, handle, socket, host, port, local)

    def select_address(self, handle: int, socket: int, str host, port: int, str local = ""):
        self.about_address(COMMAND_SELECT_ADDRESS, handle, socket, host, port, local)

    def select_unproven(self, handle: int, socket: int, str host, port: int, str local = ""):
        self.about_address(COMMAND_SELECT_UNPROVEN, handle, socket, host, port, local)

    def prove_address(self, handle: int, socket: int, str host, port: int, str local = ""):
        self.about_address(COMMAND_PROVE_ADDRESS, handle, socket, host, port, local)

    def ask_address(self, handle: int, socket: int, str host, port: int, str local = ""):
        self.about_address(COMMAND_ASK_ADDRESS, handle, socket, host, port, local)

    def own_socket(self, handle: int, socket: int, *, rtcp: bool, learn: bool):
        cdef Command command
        begin(&command, COMMAND_OWN_SOCKET, handle)
        command.body.own_socket.socket = socket
        command.body.own_socket.rtcp = bool(rtcp)
        command.body.own_socket.learn = bool(learn)
        self.submit(&command)

    def set_remote(self, handle: int, socket: int, str host, port: int, str local = "", *, rtcp: bool = False):
        cdef Command command
        begin(&command, COMMAND_SET_REMOTE, handle)
        fill_address(&command.body.remote.address, socket, host, port, local)
        command.body.remote.rtcp = bool(rtcp)
        self.submit(&command)

    def allow_source(self, row: int, rows: int, str network, bits: int):
        cdef Command command
        memset(&command, 0, sizeof(Command))
        command.kind = COMMAND_ALLOW_SOURCE
        if not 0 <= rows <= MAX_NETWORKS:
            raise ValueError(f"{rows} networks, at most {MAX_NETWORKS} can be allowed")
        command.body.source.row = row
        command.body.source.rows = rows
        if rows:
            fill_network(&command.body.source.network, network, bits)
        self.submit(&command)

    def set_keys(self, handle: int, *, receive_session: int, rtcp_session: int):
        cdef Command command
        begin(&command, COMMAND_SET_KEYS, handle)
        command.body.keys.receive_session = <void*><size_t>receive_session
        command.body.keys.rtcp_session = <void*><size_t>rtcp_session
        self.submit(&command)

    def set_probe_session(self, handle: int, session: int):
        cdef Command command
        begin(&command, COMMAND_SET_PROBE_SESSION, handle)
        command.body.session = <void*><size_t>session
        self.submit(&command)

    def set_desired_bitrate(self, handle: int, bitrate_bps: int):
        self.about_bitrate(COMMAND_SET_DESIRED_BITRATE, handle, bitrate_bps)

    def cap_uplink(self, handle: int, bitrate_bps: int):
        self.about_bitrate(COMMAND_CAP_UPLINK, handle, bitrate_bps)

    def throttle_transport(self, handle: int, *, uplink, downlink):
        cdef Command command
        begin(&command, COMMAND_THROTTLE_TRANSPORT, handle)
        fill_link(&command.body.throttle.uplink, uplink)
        fill_link(&command.body.throttle.downlink, downlink)
        self.submit(&command)

    def unthrottle_transport(self, handle: int):
        self.simple(COMMAND_UNTHROTTLE_TRANSPORT, handle, 0)

    def open_producer(self, handle: int, transport: int, *, video: bool, bytes mid, paused: bool, list codecs,
                      list encodings, dict extensions, nack: bool, pli: bool, fir: bool, transport_cc: bool, remb: bool,
                      inactivity_us: int, levels: bool, fec: bool = False):
        cdef Command command
        cdef OpenProducerBody* body = &command.body.open_producer
        begin(&command, COMMAND_OPEN_PRODUCER, handle)
        body.transport = check_handle(transport)
        body.video = bool(video)
        body.paused = bool(paused)
        body.nack = bool(nack)
        body.pli = bool(pli)
        body.fir = bool(fir)
        body.transport_cc = bool(transport_cc)
        body.remb = bool(remb)
        body.levels = bool(levels)
        body.fec = bool(fec)
        body.inactivity_us = inactivity_us
        body.mid_length = copy_bytes(body.mid, mid, MAX_MID, "mid")
        fill_extensions(body.extension_ids, extensions, 255)
        body.codec_count = check_small(len(codecs), "number of codecs", MAX_CODECS)
        for i, (payload_type, rtx_payload_type, router_payload_type, codec, clock_rate) in enumerate(codecs):
            body.codecs[<int>i].payload_type = check_small(payload_type, "payload type", 127)
            body.codecs[<int>i].rtx_payload_type = check_small(rtx_payload_type, "RTX payload type", 127)
            body.codecs[<int>i].router_payload_type = check_small(router_payload_type, "router payload type", 127)
            body.codecs[<int>i].codec = check_small(int(codec), "codec", 7)
            body.codecs[<int>i].clock_rate = check_clock_rate(clock_rate)
        if not 1 <= len(encodings) <= MAX_ENCODINGS:
            raise ValueError(f"{len(encodings)} encodings, expected 1..{MAX_ENCODINGS}")
        body.encoding_count = <uint8_t>len(encodings)
        for i, (ssrc, rtx_ssrc, rid) in enumerate(encodings):
            body.encodings[<int>i].ssrc = ssrc
            body.encodings[<int>i].rtx_ssrc = rtx_ssrc
            body.encodings[<int>i].rid_length = copy_bytes(body.encodings[<int>i].rid, rid, MAX_RID, "rid")
        self.submit(&command)

    def pause_producer(self, handle: int, paused: bool):
        self.simple(COMMAND_PAUSE_PRODUCER, handle, bool(paused))

    def close_producer(self, handle: int):
        self.simple(COMMAND_CLOSE_PRODUCER, handle, 0)

    def open_consumer(self, handle: int, transport: int, producer: int, *, video: bool, ssrc: int, rtx_ssrc: int,
                      list codecs, clock_rate: int, bytes mid, bytes cname, dict extensions, nack: bool,
                      ignore_dtx: bool, paused: bool, target: int, first_sequence_number: int, first_timestamp: int,
                      first_rtx_sequence_number: int, target_layers: tuple = (255, 255), whole: bool = False):
        cdef Command command
        cdef OpenConsumerBody* body = &command.body.open_consumer
        begin(&command, COMMAND_OPEN_CONSUMER, handle)
        body.transport = check_handle(transport)
        body.producer = check_handle(producer)
        body.video = bool(video)
        body.ssrc = ssrc
        body.rtx_ssrc = rtx_ssrc
        body.clock_rate = check_clock_rate(clock_rate)
        body.nack = bool(nack)
        body.ignore_dtx = bool(ignore_dtx)
        body.whole = bool(whole)
        body.paused = bool(paused)
        if not -1 <= target < MAX_ENCODINGS:
            raise ValueError(f"target is {target}, expected -1..{MAX_ENCODINGS - 1}")
        body.target = target
        body.target_spatial = check_small(target_layers[0], "spatial layer", 255)
        body.target_temporal = check_small(target_layers[1], "temporal layer", 255)
        body.first_sequence_number = first_sequence_number
        body.first_timestamp = first_timestamp
        body.first_rtx_sequence_number = first_rtx_sequence_number
        body.mid_length = copy_bytes(body.mid, mid, MAX_MID, "mid")
        body.cname_length = copy_bytes(body.cname, cname, MAX_CNAME, "cname")
        fill_extensions(body.extension_ids, extensions, 14)
        body.codec_count = check_small(len(codecs), "number of codecs", MAX_CODECS)
        for i, (payload_type, rtx_payload_type) in enumerate(codecs):
            body.payload_types[<int>i] = check_small(payload_type, "payload type", 127)
            body.rtx_payload_types[<int>i] = check_small(rtx_payload_type, "RTX payload type", 127)
        self.submit(&command)

    def set_consumer_sessions(self, handle: int, *, rtp_session: int, rtx_session: int):
        cdef Command command
        begin(&command, COMMAND_SET_CONSUMER_SESSIONS, handle)
        command.body.consumer_sessions.rtp_session = <void*><size_t>rtp_session
        command.body.consumer_sessions.rtx_session = <void*><size_t>rtx_session
        self.submit(&command)

    def pause_consumer(self, handle: int, paused: bool):
        self.simple(COMMAND_PAUSE_CONSUMER, handle, bool(paused))

    def set_target(self, handle: int, encoding: int, temporal_layer: int, spatial_layer: int = 255):
        cdef Command command
        begin(&command, COMMAND_SET_TARGET, handle)
        if not -1 <= encoding < MAX_ENCODINGS:
            raise ValueError(f"encoding is {encoding}, expected -1..{MAX_ENCODINGS - 1}")
        command.body.target.encoding = encoding
        command.body.target.spatial_layer = check_small(spatial_layer, "spatial layer", 255)
        command.body.target.temporal_layer = check_small(temporal_layer, "temporal layer", 255)
        self.submit(&command)

    def request_key_frame(self, consumer: int):
        self.simple(COMMAND_REQUEST_KEY_FRAME, consumer, 0)

    def close_consumer(self, handle: int):
        self.simple(COMMAND_CLOSE_CONSUMER, handle, 0)

    def request_stats(self, request_id: int, kind: int, handle: int):
        cdef Command command
        begin(&command, COMMAND_REQUEST_STATS, handle)
        command.body.stats.kind = check_small(int(kind), "kind", 2)
        command.body.stats.request_id = request_id
        self.submit(&command)
