"""Calls of libusrsctp, which is linked into this module alone, and the settings that associations run with."""

from libc.errno cimport EAGAIN, EINPROGRESS, EOPNOTSUPP, errno
from libc.stdint cimport int64_t, uint16_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memset

cimport mediad._usrsctp.usrsctp as lib

cdef extern from "substitutes.h" nogil:
    struct account:
        int64_t bytes

    void set_library_time(int64_t now_us)
    account* open_account()
    void close_account(account*)
    void set_payer(account*)

cdef extern from "<arpa/inet.h>" nogil:
    uint16_t htons(uint16_t)
    uint32_t htonl(uint32_t)

cdef extern from "<sys/socket.h>" nogil:
    enum:
        SOCK_STREAM
        SOL_SOCKET
        SO_LINGER
        SO_RCVBUF
        SO_SNDBUF

    struct linger:
        int l_onoff
        int l_linger

cdef enum:
    # Of both ends: it is not negotiated, and clients of mediasoup are told this one.
    PORT = 5000
    HEADER_BYTES = 12
    RETRANSMISSIONS = 10
    INIT_RETRANSMISSIONS = 8
    RTO_INITIAL_MS = 500
    RTO_MIN_MS = 400
    RTO_MAX_MS = 60000

cdef bint started = False


cdef int start(OutputCallback output) except -1:
    """Start the library once and for all: what it keeps of its own is little, and ending it may fail."""
    global started
    if started:
        return 0
    started = True
    lib.usrsctp_init_nothreads(0, output, NULL)
    for refused in (
        lib.usrsctp_sysctl_set_sctp_ecn_enable(0),
        # Nobody needs these over DTLS, and what is off need not withstand hostile packets.
        lib.usrsctp_sysctl_set_sctp_asconf_enable(0),
        lib.usrsctp_sysctl_set_sctp_auth_enable(0),
        lib.usrsctp_sysctl_set_sctp_nrsack_enable(0),
        lib.usrsctp_sysctl_set_sctp_pktdrop_enable(0),
        lib.usrsctp_sysctl_set_sctp_assoc_rtx_max_default(RETRANSMISSIONS),
        lib.usrsctp_sysctl_set_sctp_rto_initial_default(RTO_INITIAL_MS),
        lib.usrsctp_sysctl_set_sctp_rto_min_default(RTO_MIN_MS),
        lib.usrsctp_sysctl_set_sctp_rto_max_default(RTO_MAX_MS),
        # An old packet cannot reach a new association: each has DTLS of its own.
        lib.usrsctp_sysctl_set_sctp_vtag_time_wait(0),
    ):
        if refused:
            raise OSError("libusrsctp refused a default")
    return 0


cdef void set_time(int64_t now_us) noexcept:
    set_library_time(now_us)


cdef void run_timers(uint32_t elapsed_ms) noexcept:
    lib.usrsctp_handle_timers(elapsed_ms)


cdef int open_socket(Socket* opened, DataCallback data, RoomCallback room, const Limits* limits) except -1:
    """Fill in all but the address, which the caller has chosen."""
    address = <void*>opened.address
    opened.account = open_account()
    if opened.account is NULL:
        raise MemoryError
    set_payer(<account*>opened.account)
    lib.usrsctp_register_address(address)
    opened.socket = lib.usrsctp_socket(lib.AF_CONN, SOCK_STREAM, lib.IPPROTO_SCTP, data, room, 0, address)
    try:
        if opened.socket is NULL:
            raise OSError(errno, "libusrsctp gives no socket")
        set_options(opened.socket, limits)
        set_path(opened.socket, limits)
        for kind in (lib.SCTP_ASSOC_CHANGE, lib.SCTP_SHUTDOWN_EVENT, lib.SCTP_STREAM_RESET_EVENT):
            subscribe(opened.socket, kind)
    except BaseException:
        close_socket(opened)
        raise
    finally:
        set_payer(NULL)
    return 0


cdef int set_options(lib.socket* socket, const Limits* limits) except -1:
    cdef linger at_once = linger(1, 0)
    cdef int on = 1
    cdef lib.sctp_initmsg init
    cdef lib.sctp_assoc_value resets
    # A message that fits is handed over whole, because handing over begins behind the longest one.
    cdef uint32_t handed_over_bytes = limits.max_message_bytes + 1
    check(lib.usrsctp_set_non_blocking(socket, 1))
    option(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once))
    option(socket, SOL_SOCKET, SO_SNDBUF, &limits.send_buffer_bytes, sizeof(uint32_t))
    option(socket, SOL_SOCKET, SO_RCVBUF, &limits.reassembly_bytes, sizeof(uint32_t))
    option(socket, lib.IPPROTO_SCTP, lib.SCTP_PARTIAL_DELIVERY_POINT, &handed_over_bytes, sizeof(uint32_t))
    option(socket, lib.IPPROTO_SCTP, lib.SCTP_NODELAY, &on, sizeof(on))
    memset(&init, 0, sizeof(init))
    init.sinit_num_ostreams = init.sinit_max_instreams = limits.streams
    init.sinit_max_attempts = INIT_RETRANSMISSIONS
    option(socket, lib.IPPROTO_SCTP, lib.SCTP_INITMSG, &init, sizeof(init))
    resets.assoc_id = lib.SCTP_ALL_ASSOC
    resets.assoc_value = lib.SCTP_ENABLE_RESET_STREAM_REQ
    option(socket, lib.IPPROTO_SCTP, lib.SCTP_ENABLE_STREAM_RESET, &resets, sizeof(resets))
    return 0


cdef int set_path(lib.socket* socket, const Limits* limits) except -1:
    cdef lib.sctp_paddrparams path
    memset(&path, 0, sizeof(path))
    path.spp_flags = lib.SPP_PMTUD_DISABLE | lib.SPP_HB_ENABLE
    path.spp_pathmtu = limits.packet_bytes - HEADER_BYTES
    path.spp_pathmaxrxt = RETRANSMISSIONS
    return option(socket, lib.IPPROTO_SCTP, lib.SCTP_PEER_ADDR_PARAMS, &path, sizeof(path))


cdef int subscribe(lib.socket* socket, uint16_t kind) except -1:
    cdef lib.sctp_event event
    event.se_assoc_id = lib.SCTP_ALL_ASSOC
    event.se_type = kind
    event.se_on = 1
    return option(socket, lib.IPPROTO_SCTP, lib.SCTP_EVENT, &event, sizeof(event))


cdef int option(lib.socket* socket, int level, int name, const void* value, uint32_t length) except -1:
    return check(lib.usrsctp_setsockopt(socket, level, name, value, length))


cdef int check(int result) except -1:
    if result < 0:
        raise OSError(errno, "libusrsctp refused a setting or call")
    return 0


cdef void close_socket(Socket* end) noexcept:
    set_payer(<account*>end.account)
    if end.socket is not NULL:
        lib.usrsctp_close(end.socket)
        end.socket = NULL
    lib.usrsctp_deregister_address(<void*>end.address)
    set_payer(NULL)
    close_account(<account*>end.account)
    end.account = NULL


cdef int64_t memory_bytes(const Socket* end) noexcept:
    return 0 if end.account is NULL else (<account*>end.account).bytes


cdef int connect_socket(Socket* end) except -1:
    cdef lib.sockaddr_conn peer
    memset(&peer, 0, sizeof(peer))
    peer.sconn_family = lib.AF_CONN
    peer.sconn_port = htons(PORT)
    peer.sconn_addr = <void*>end.address
    set_payer(<account*>end.account)
    try:
        check(lib.usrsctp_bind(end.socket, <lib.sockaddr*>&peer, sizeof(peer)))
        if lib.usrsctp_connect(end.socket, <lib.sockaddr*>&peer, sizeof(peer)) < 0 and errno != EINPROGRESS:
            raise OSError(errno, "libusrsctp does not connect")
    finally:
        set_payer(NULL)
    return 0


cdef void take_packet(Socket* end, const void* packet, size_t length) noexcept:
    set_payer(<account*>end.account)
    lib.usrsctp_conninput(<void*>end.address, packet, length, 0)
    set_payer(NULL)


cdef Sent send_message(Socket* end, const void* data, size_t length, uint16_t stream_id, uint32_t ppid,
                       bint ordered, uint16_t policy, uint32_t limit) noexcept:
    cdef lib.sctp_sendv_spa info
    memset(&info, 0, sizeof(info))
    info.sendv_flags = lib.SCTP_SEND_SNDINFO_VALID
    info.sendv_sndinfo.snd_sid = stream_id
    info.sendv_sndinfo.snd_ppid = htonl(ppid)
    info.sendv_sndinfo.snd_flags = lib.SCTP_EOR if ordered else lib.SCTP_EOR | lib.SCTP_UNORDERED
    if policy != lib.SCTP_PR_SCTP_NONE:
        info.sendv_flags |= lib.SCTP_SEND_PRINFO_VALID
        info.sendv_prinfo.pr_policy = policy
        info.sendv_prinfo.pr_value = limit
    set_payer(<account*>end.account)
    sent = lib.usrsctp_sendv(end.socket, data, length, NULL, 0, &info, sizeof(info), lib.SCTP_SENDV_SPA, 0)
    set_payer(NULL)
    if sent >= 0:
        return SENT
    return SENT_FULL if errno == EAGAIN else SENT_NOT


cdef int reset_streams(Socket* end, list stream_ids) except -1:
    """Return whether the peer supports it. The library holds back what may not go yet, and sends it by itself."""
    request = bytearray(sizeof(lib.sctp_reset_streams) + sizeof(uint16_t) * len(stream_ids))
    cdef unsigned char[::1] view = request
    wanted = <lib.sctp_reset_streams*>&view[0]
    wanted.srs_flags = lib.SCTP_STREAM_RESET_OUTGOING
    wanted.srs_number_streams = len(stream_ids)
    for index, stream_id in enumerate(stream_ids):
        wanted.srs_stream_list[index] = stream_id
    if lib.usrsctp_setsockopt(end.socket, lib.IPPROTO_SCTP, lib.SCTP_RESET_STREAMS, wanted, len(request)) < 0:
        if errno == EOPNOTSUPP:
            return False
        raise OSError(errno, "libusrsctp does not reset streams")
    return True


cdef void free_data(void* data) noexcept:
    free(data)
