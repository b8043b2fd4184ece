"""Bounded reading of RTCP compound packets, and one writer for each kind of packet we send.

RFC 3550 (SR, RR, SDES, BYE), RFC 4585 (NACK, PLI), RFC 5104 (FIR), RFC 3611 (XR: RRTR, DLRR),
draft-alvestrand-rmcat-remb-03 (REMB),
draft-holmer-rmcat-transport-wide-cc-extensions-01 (feedback format; its writer is stream/twcc.pyx).
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    RTCP_SR = 200
    RTCP_RR = 201
    RTCP_SDES = 202
    RTCP_BYE = 203
    RTCP_APP = 204
    RTCP_RTPFB = 205
    RTCP_PSFB = 206
    RTCP_XR = 207
    FMT_NACK = 1
    FMT_TRANSPORT_CC = 15
    FMT_PLI = 1
    FMT_FIR = 4
    FMT_AFB = 15

ctypedef struct RtcpBlock:     # one packet of the compound
    const uint8_t* body        # behind the 4-byte header
    uint32_t length            # of body, without padding
    uint8_t packet_type
    uint8_t count              # RC / SC / FMT

# Advances *cursor; false at the end or at the first malformed packet (then *malformed is set).
cdef bint rtcp_next(const uint8_t* data, uint32_t length, uint32_t* cursor, RtcpBlock* block,
                    bint* malformed) noexcept nogil

ctypedef struct SenderInfo:
    uint32_t ssrc
    uint64_t ntp
    uint32_t rtp_timestamp
    uint32_t packet_count
    uint32_t byte_count

ctypedef struct ReportBlock:
    uint32_t ssrc
    uint8_t fraction_lost      # 0..255
    int32_t cumulative_lost    # 24-bit signed
    uint32_t highest_sequence  # extended
    uint32_t jitter            # RTP units
    uint32_t last_sr           # compact NTP; 0 = none
    uint32_t delay_since_last_sr   # 1/65536 s


cdef inline uint8_t fraction_of(int64_t part, int64_t whole) noexcept nogil:
    """Fraction in 1/256, as in report blocks (RFC 3550 section 6.4.1); 0 when either number is not positive."""
    if part <= 0 or whole <= 0:
        return 0
    return <uint8_t>(part * 256 // whole) if part < whole else 255


# Readers: false, or a count of 0, when the block is of another type or too short; an item behind the count reads as 0.
cdef bint rtcp_sender_info(const RtcpBlock* block, SenderInfo* info) noexcept nogil    # SR only
# SR and RR; bounded by length.
cdef uint32_t rtcp_report_count(const RtcpBlock* block) noexcept nogil
cdef void rtcp_report_block(const RtcpBlock* block, uint32_t index, ReportBlock* report) noexcept nogil
cdef bint rtcp_feedback_ssrcs(const RtcpBlock* block, uint32_t* sender_ssrc, uint32_t* media_ssrc) noexcept nogil
cdef uint32_t rtcp_nack_count(const RtcpBlock* block) noexcept nogil
cdef void rtcp_nack_item(const RtcpBlock* block, uint32_t index, uint16_t* packet_id, uint16_t* bitmask) noexcept nogil
cdef uint32_t rtcp_fir_count(const RtcpBlock* block) noexcept nogil
cdef uint32_t rtcp_fir_ssrc(const RtcpBlock* block, uint32_t index) noexcept nogil
cdef bint rtcp_remb(const RtcpBlock* block, uint64_t* bitrate_bps) noexcept nogil       # false: not a REMB
# XR: the compact NTP pair of a DLRR sub-block for `ssrc`, or an RRTR's NTP; false when absent.
cdef bint rtcp_xr_rrtr(const RtcpBlock* block, uint64_t* ntp) noexcept nogil
cdef bint rtcp_xr_dlrr(const RtcpBlock* block, uint32_t ssrc, uint32_t* last_rr, uint32_t* delay) noexcept nogil
# BYE: how many SSRCs leave, then each of them.
cdef uint32_t rtcp_bye_count(const RtcpBlock* block) noexcept nogil
cdef uint32_t rtcp_bye_ssrc(const RtcpBlock* block, uint32_t index) noexcept nogil

# Writers: return the end of what was written, or NULL when it does not fit before `limit` (a datagram's end: the length
# field's 256 KiB are out of reach).
cdef uint8_t* rtcp_write_sr(uint8_t* p, const uint8_t* limit, const SenderInfo* info) noexcept nogil
cdef uint8_t* rtcp_write_rr(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, const ReportBlock* reports,
                            uint32_t count) noexcept nogil
cdef uint8_t* rtcp_write_sdes(uint8_t* p, const uint8_t* limit, uint32_t ssrc, const uint8_t* cname,
                              uint32_t cname_length) noexcept nogil
# Generic NACK of ascending (serial order) sequence numbers, packed into PID+BLP items.
cdef uint8_t* rtcp_write_nack(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint32_t media_ssrc,
                              const uint16_t* lost, uint32_t count) noexcept nogil
cdef uint8_t* rtcp_write_pli(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint32_t media_ssrc) noexcept nogil
cdef uint8_t* rtcp_write_fir(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint32_t media_ssrc,
                             uint8_t command) noexcept nogil
cdef uint8_t* rtcp_write_remb(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint64_t bitrate_bps,
                              const uint32_t* ssrcs, uint32_t count) noexcept nogil
cdef uint8_t* rtcp_write_rrtr(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint64_t ntp) noexcept nogil
cdef uint8_t* rtcp_write_dlrr(uint8_t* p, const uint8_t* limit, uint32_t sender_ssrc, uint32_t ssrc, uint32_t last_rr,
                              uint32_t delay) noexcept nogil
