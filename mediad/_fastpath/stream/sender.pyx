"""Counters, sender reports and round trips of one sent stream."""

from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.clock cimport compact_ntp, ntp_from_us, us_from_compact
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.base.sequence cimport newer32
from mediad._fastpath.stream.score cimport SCORE_BEST, delivery_score, smooth_score
from mediad._fastpath.wire.rtcp cimport ReportBlock, SenderInfo, fraction_of

cdef enum:
    MAX_RTT_US = 60000000          # a longer one comes from a faulty report


cdef void sender_init(
    RtpStreamSender* stream, uint32_t ssrc, uint32_t rtx_ssrc, uint32_t clock_rate, uint16_t first_rtx_sequence
) noexcept nogil:
    memset(stream, 0, sizeof(RtpStreamSender))
    stream.ssrc = ssrc
    stream.rtx_ssrc = rtx_ssrc
    stream.clock_rate = clock_rate
    stream.rtx_sequence_number = first_rtx_sequence
    stream.score = SCORE_BEST


cdef void sender_sent(
    RtpStreamSender* stream,
    uint32_t timestamp,
    uint32_t payload_bytes,
    uint32_t total_bytes,
    uint64_t capture_us,
    uint64_t now_us,
) noexcept nogil:
    if stream.packets == 0 or newer32(timestamp, stream.last_timestamp):
        stream.last_timestamp = timestamp
        stream.last_timestamp_us = now_us
        stream.last_capture_us = capture_us
    stream.packets += 1
    stream.bytes += payload_bytes
    stream.total_bytes += total_bytes
    stream.last_packet_us = now_us
    rate_add(&stream.rate, total_bytes, now_us)


cdef bint sender_report(
    RtpStreamSender* stream, SenderInfo* info, uint64_t now_us, uint64_t wall_us
) noexcept nogil:
    cdef uint64_t elapsed_us
    if stream.packets == 0 or now_us >= stream.last_packet_us + SENDER_SILENCE_US:
        return False
    elapsed_us = now_us - stream.last_timestamp_us
    info.ssrc = stream.ssrc
    info.ntp = ntp_from_us(stream.last_capture_us + elapsed_us if stream.last_capture_us > 0 else wall_us)
    # RFC 3550 section 6.4.1: the same instant as the NTP timestamp, whether or not a packet was sent at it.
    info.rtp_timestamp = stream.last_timestamp + <uint32_t>(elapsed_us * stream.clock_rate // 1000000)
    info.packet_count = <uint32_t>stream.packets
    info.byte_count = <uint32_t>stream.bytes
    stream.report_ids[stream.next_report] = compact_ntp(info.ntp)
    stream.report_wall_us[stream.next_report] = wall_us
    stream.next_report = (stream.next_report + 1) & (SENT_REPORTS - 1)
    return True


cdef void update_rtt(RtpStreamSender* stream, const ReportBlock* report, uint64_t wall_us) noexcept nogil:
    """Compute the round trip (RFC 3550 section 6.4.1), now - LSR - DLSR, with LSR found among the reports sent."""
    cdef int i
    cdef int64_t rtt_us
    if report.last_sr == 0:
        return
    for i in range(SENT_REPORTS):
        if stream.report_ids[i] == report.last_sr:
            rtt_us = <int64_t>(wall_us - stream.report_wall_us[i] - us_from_compact(report.delay_since_last_sr))
            if rtt_us < MAX_RTT_US:
                # On a short path the 15 µs steps of DLSR can make it negative; 0 would mean unknown.
                stream.rtt_us = <uint64_t>rtt_us if rtt_us > 0 else 1
            return


cdef void update_score(RtpStreamSender* stream, const ReportBlock* report) noexcept nogil:
    cdef int64_t expected = <int32_t>(report.highest_sequence - stream.last_report_highest)
    cdef int64_t lost = report.cumulative_lost - stream.lost_scored
    cdef int64_t repaired = <int64_t>(stream.retransmitted - stream.retransmitted_scored)
    if stream.reported and expected <= 0:
        return
    if not stream.reported:
        # The number at which the receiver began to count is unknown: its own fraction is used.
        expected = 256
        lost = report.fraction_lost
    stream.reported = True
    stream.last_report_highest = report.highest_sequence
    stream.lost_scored = report.cumulative_lost
    stream.retransmitted_scored = stream.retransmitted
    # Packets over RTX have another SSRC: this stream's report still counts it as lost.
    lost = 0 if lost < 0 else (expected if lost > expected else lost)
    repaired = lost if repaired > lost else repaired
    stream.score = smooth_score(
        stream.score_history,
        &stream.score_count,
        delivery_score(<double>expected, <double>(lost - repaired), <double>repaired),
    )


cdef uint8_t fraction_missed(RtpStreamSender* stream) noexcept nogil:
    cdef int64_t sent = <int64_t>(stream.packets - stream.packets_reported)
    cdef int64_t repaired = <int64_t>(stream.repaired - stream.repaired_reported)
    cdef uint32_t missed = stream.fraction_lost
    if stream.rtx_ssrc == 0:       # else repairs have another SSRC, and hide nothing
        missed += fraction_of(repaired, sent)
    stream.packets_reported = stream.packets
    stream.repaired_reported = stream.repaired
    return <uint8_t>(missed if missed < 255 else 255)


cdef bint sender_receiver_report(
    RtpStreamSender* stream, const ReportBlock* report, uint64_t wall_us
) noexcept nogil:
    cdef int score = stream.score
    stream.reported_wall_us = wall_us
    stream.fraction_lost = report.fraction_lost
    stream.fraction_missed = fraction_missed(stream)
    stream.packets_lost = report.cumulative_lost
    stream.remote_jitter = report.jitter
    update_rtt(stream, report, wall_us)
    update_score(stream, report)
    return stream.score != score
