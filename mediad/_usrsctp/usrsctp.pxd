"""The part of libusrsctp 0.9.5 that one-to-one associations over AF_CONN need."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t


# Not nogil: what these call calls back into Python.
cdef extern from "usrsctp.h":
    enum:
        AF_CONN
        MSG_EOR
        MSG_NOTIFICATION
        IPPROTO_SCTP

        # Options of a socket.
        SCTP_INITMSG
        SCTP_NODELAY
        SCTP_PEER_ADDR_PARAMS
        SCTP_PARTIAL_DELIVERY_POINT
        SCTP_EVENT
        SCTP_ENABLE_STREAM_RESET
        SCTP_RESET_STREAMS
        SCTP_ENABLE_RESET_STREAM_REQ
        SPP_PMTUD_DISABLE
        SPP_HB_ENABLE
        SCTP_FUTURE_ASSOC
        SCTP_ALL_ASSOC

        # Events.
        SCTP_ASSOC_CHANGE
        SCTP_SHUTDOWN_EVENT
        SCTP_STREAM_RESET_EVENT
        SCTP_COMM_UP
        SCTP_COMM_LOST
        SCTP_RESTART
        SCTP_SHUTDOWN_COMP
        SCTP_CANT_STR_ASSOC
        SCTP_STREAM_RESET_INCOMING_SSN

        # Sending.
        SCTP_SENDV_SPA
        SCTP_SEND_SNDINFO_VALID
        SCTP_SEND_PRINFO_VALID
        SCTP_EOR
        SCTP_UNORDERED
        SCTP_PR_SCTP_NONE
        SCTP_PR_SCTP_TTL
        SCTP_PR_SCTP_RTX
        SCTP_STREAM_RESET_OUTGOING

    struct socket:
        pass

    struct sockaddr:
        pass

    struct sockaddr_storage:
        pass

    struct sockaddr_conn:
        uint16_t sconn_family
        uint16_t sconn_port
        void* sconn_addr

    union sctp_sockstore:
        sockaddr_conn sconn

    struct sctp_rcvinfo:
        uint16_t rcv_sid
        uint16_t rcv_flags
        uint32_t rcv_ppid

    struct sctp_sndinfo:
        uint16_t snd_sid
        uint16_t snd_flags
        uint32_t snd_ppid

    struct sctp_prinfo:
        uint16_t pr_policy
        uint32_t pr_value

    struct sctp_sendv_spa:
        uint32_t sendv_flags
        sctp_sndinfo sendv_sndinfo
        sctp_prinfo sendv_prinfo

    struct sctp_initmsg:
        uint16_t sinit_num_ostreams
        uint16_t sinit_max_instreams
        uint16_t sinit_max_attempts

    struct sctp_paddrparams:
        sockaddr_storage spp_address
        uint32_t spp_pathmtu
        uint32_t spp_flags
        uint16_t spp_pathmaxrxt

    struct sctp_assoc_value:
        uint32_t assoc_id
        uint32_t assoc_value

    struct sctp_event:
        uint32_t se_assoc_id
        uint16_t se_type
        uint8_t se_on

    struct sctp_reset_streams:
        uint32_t srs_assoc_id
        uint16_t srs_flags
        uint16_t srs_number_streams
        uint16_t* srs_stream_list

    struct sctp_tlv:
        uint16_t sn_type
        uint16_t sn_flags
        uint32_t sn_length

    struct sctp_assoc_change:
        uint32_t sac_length
        uint16_t sac_state
        uint16_t sac_outbound_streams
        uint16_t sac_inbound_streams

    struct sctp_stream_reset_event:
        uint16_t strreset_flags
        uint32_t strreset_length
        uint16_t* strreset_stream_list

    union sctp_notification:
        sctp_tlv sn_header
        sctp_assoc_change sn_assoc_change
        sctp_stream_reset_event sn_strreset_event

    void usrsctp_init_nothreads(
        uint16_t port,
        int (*conn_output)(void*, void* packet, size_t length, uint8_t tos, uint8_t set_df) noexcept,
        void (*debug_printf)(const char* format, ...))
    socket* usrsctp_socket(
        int domain, int type, int protocol,
        int (*receive_cb)(socket*, sctp_sockstore, void*, size_t, sctp_rcvinfo, int, void*) noexcept,
        int (*send_cb)(socket*, uint32_t free_bytes, void* info) noexcept,
        uint32_t threshold,
        void* info)
    int usrsctp_setsockopt(socket*, int level, int name, const void* value, uint32_t length)
    int usrsctp_set_non_blocking(socket*, int on)
    int usrsctp_bind(socket*, sockaddr* address, uint32_t length)
    int usrsctp_connect(socket*, sockaddr* address, uint32_t length)
    ssize_t usrsctp_sendv(
        socket*, const void* data, size_t length, sockaddr* to, int addresses,
        void* info, uint32_t info_length, unsigned int info_type, int flags)
    void usrsctp_close(socket*)
    void usrsctp_register_address(void* address)
    void usrsctp_deregister_address(void* address)
    void usrsctp_conninput(void* address, const void* packet, size_t length, uint8_t ecn_bits)
    void usrsctp_handle_timers(uint32_t elapsed_ms)

    int usrsctp_sysctl_set_sctp_ecn_enable(uint32_t)
    int usrsctp_sysctl_set_sctp_auth_enable(uint32_t)
    int usrsctp_sysctl_set_sctp_asconf_enable(uint32_t)
    int usrsctp_sysctl_set_sctp_nrsack_enable(uint32_t)
    int usrsctp_sysctl_set_sctp_pktdrop_enable(uint32_t)
    int usrsctp_sysctl_set_sctp_assoc_rtx_max_default(uint32_t)
    int usrsctp_sysctl_set_sctp_rto_initial_default(uint32_t)
    int usrsctp_sysctl_set_sctp_rto_min_default(uint32_t)
    int usrsctp_sysctl_set_sctp_rto_max_default(uint32_t)
    int usrsctp_sysctl_set_sctp_vtag_time_wait(uint32_t)
