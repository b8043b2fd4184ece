"""Reports of one transport, once a second, on received and sent streams, and the scores of both."""

from libc.stdint cimport uint32_t, uint64_t, uint8_t
from mediad._fastpath.base.clock cimport ntp_from_us
from mediad._fastpath.base.wheel cimport wheel_arm
from mediad._fastpath.engine.egress.datagram cimport RTCP_BYTES, rtcp_begin, rtcp_reaches, send_rtcp
from mediad._fastpath.engine.egress.estimate cimport bandwidth_tick
from mediad._fastpath.engine.graph cimport (
    NONE, Consumer, Engine, Producer, ReceiveStream, Transport, report_timer, wall_us,
)
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS
from mediad._fastpath.engine.news cimport tell_stream
from mediad._fastpath.engine.timers.remb cimport remb_write
from mediad._fastpath.stream.playout cimport playout_watch
from mediad._fastpath.stream.receiver cimport receiver_report, receiver_update_score
from mediad._fastpath.stream.sender cimport sender_report
from mediad._fastpath.wire.rtcp cimport (
    ReportBlock, SenderInfo, rtcp_write_dlrr, rtcp_write_rr, rtcp_write_rrtr, rtcp_write_sdes, rtcp_write_sr,
)
from mediad._fastpath.wire.rtp cimport EXT_PLAYOUT_DELAY

cdef enum:
    REPORT_INTERVAL_US = 1000000
    MAX_REPORTS = 31               # RC is five bits
    REMOTE_LOSS_US = 8000000       # of a receiver that has stopped reporting; some report only every 5 s
    CONGESTED_US = 3000000         # after the estimate fell: reports of what was lost then are on their way


cdef void reports_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[index]
    cdef uint64_t jitter_us
    if transport.handle == 0:
        return
    # Spread over 0.75 to 1.25 s (RFC 3550 section 6.3.1 asks for jitter), so that transports do not report in step.
    engine.jitter = engine.jitter * 6364136223846793005ULL + 1442695040888963407ULL
    jitter_us = (engine.jitter >> 40) % (REPORT_INTERVAL_US // 2)
    wheel_arm(&engine.wheel, report_timer(engine, index), now_us + REPORT_INTERVAL_US * 3 // 4 + jitter_us)
    update_scores(engine, transport, now_us)
    bandwidth_tick(engine, transport, now_us)
    if not rtcp_reaches(transport) or (transport.secure and not transport.has_keys):
        return
    if transport.first_producer != NONE:
        report_received(engine, transport, now_us)
    if transport.first_consumer != NONE:
        report_sent(engine, transport, now_us)


cdef void update_scores(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    cdef uint32_t index = transport.first_producer
    cdef uint32_t encoding
    cdef Producer* producer
    cdef ReceiveStream* stream
    while index != NONE:
        producer = &engine.producers[index]
        for encoding in range(producer.encoding_count):
            stream = &engine.streams[index * MAX_ENCODINGS + encoding]
            if not stream.detected or producer.paused:
                continue
            if receiver_update_score(&stream.receiver, producer.inactivity_us, now_us):
                tell_stream(engine, stream, now_us)
        index = producer.next_in_transport


cdef void report_received(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    """Send RR for every stream of the peer, our reference time, the answer to its own, and the limit on its sending."""
    cdef ReportBlock[MAX_REPORTS] reports
    cdef uint32_t count = 0
    cdef uint32_t index = transport.first_producer
    cdef uint32_t encoding
    cdef Producer* producer
    cdef ReceiveStream* stream
    cdef uint8_t* out
    cdef uint8_t* p
    while index != NONE:
        producer = &engine.producers[index]
        for encoding in range(producer.encoding_count):
            stream = &engine.streams[index * MAX_ENCODINGS + encoding]
            if not stream.detected:
                continue
            if count == MAX_REPORTS:
                flush_reports(engine, transport, reports, count, now_us)
                count = 0
            receiver_report(&stream.receiver, &reports[count], now_us)
            if producer.fec:
                reports[count].fraction_lost = whole_loss(engine, producer, stream, now_us)
            count += 1
        index = producer.next_in_transport
    out = rtcp_begin(engine, transport)
    if out == NULL:
        return
    p = rtcp_write_rr(out, out + RTCP_BYTES, transport.rtcp_ssrc, reports, count)
    p = rtcp_write_rrtr(p, out + RTCP_BYTES, transport.rtcp_ssrc, ntp_from_us(wall_us(engine, now_us)))
    if transport.remote_reference != 0:
        p = rtcp_write_dlrr(p, out + RTCP_BYTES, transport.rtcp_ssrc, transport.remote_reference_ssrc,
                            transport.remote_reference,
                            <uint32_t>(((now_us - transport.remote_reference_us) << 16) // 1000000))
        transport.remote_reference = 0
    p = remb_write(engine, transport, p, out + RTCP_BYTES, now_us)
    send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)


cdef uint8_t whole_loss(Engine* engine, Producer* producer, const ReceiveStream* stream,
                        uint64_t now_us) noexcept nogil:
    """Loss that in-band FEC has to make up for, in 1/256: of both hops, of the second the greatest of all consumers.

    Repairs are not counted: those come a round trip too late to be heard, unless the path is short.
    """
    cdef uint32_t index = producer.first_consumer
    cdef uint64_t wall = wall_us(engine, now_us)
    cdef uint32_t worst = 0
    cdef uint32_t arrive
    cdef Consumer* consumer
    while index != NONE:
        consumer = &engine.consumers[index]
        if (
            not consumer.paused
            and consumer.sender.reported
            and wall < consumer.sender.reported_wall_us + REMOTE_LOSS_US
            and consumer.sender.fraction_missed > worst
        ):
            worst = consumer.sender.fraction_missed
        index = consumer.next_in_producer
    arrive = (256 - <uint32_t>stream.receiver.fraction_missed) * (256 - worst) // 256
    return <uint8_t>(256 - arrive if arrive > 0 else 255)


cdef void flush_reports(Engine* engine, Transport* transport, const ReportBlock* reports, uint32_t count,
                        uint64_t now_us) noexcept nogil:
    cdef uint8_t* out = rtcp_begin(engine, transport)
    cdef uint8_t* p
    if out != NULL:
        p = rtcp_write_rr(out, out + RTCP_BYTES, transport.rtcp_ssrc, reports, count)
        send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)


cdef void report_sent(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    """Send SR and SDES for every stream of ours, as many as fit a compound packet.

    Each SR starts one: RFC 3550 section 6.1.
    """
    cdef uint32_t index = transport.first_consumer
    cdef Consumer* consumer
    cdef SenderInfo info
    cdef uint8_t* out = NULL
    cdef uint8_t* p = NULL
    cdef uint8_t* end
    while index != NONE:
        consumer = &engine.consumers[index]
        index = consumer.next_in_transport
        watch_playout(engine, consumer, now_us)
        if not sender_report(&consumer.sender, &info, now_us, wall_us(engine, now_us)):
            continue
        if out != NULL:
            end = write_sender(consumer, p, out + RTCP_BYTES, &info)
            if end != NULL:
                p = end
                continue
            send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)
        out = rtcp_begin(engine, transport)
        if out == NULL:
            return
        p = write_sender(consumer, out, out + RTCP_BYTES, &info)
    if out != NULL:
        send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)


cdef void watch_playout(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    """Tell a receiver of video how long to wait for repairs, those of both hops, if it knows the extension.

    Without RTX a repeat must not differ by a bit; a pipe without RTX has none, and its receivers are told through it.
    """
    cdef uint64_t decreased_us = engine.transports[consumer.transport].estimator.decreased_us
    cdef ReceiveStream* stream
    if consumer.extension_ids[<int>EXT_PLAYOUT_DELAY] == 0 or consumer.current < 0:
        return
    if consumer.rtx_ssrc == 0 and not (consumer.video and consumer.layers.whole):
        return
    if decreased_us != 0 and now_us < decreased_us + CONGESTED_US:
        return                         # a full queue loses packets, too: the cure is to send less
    stream = &engine.streams[consumer.producer * MAX_ENCODINGS + <uint32_t>consumer.current]
    playout_watch(
        &consumer.playout,
        stream.receiver.fraction_missed, engine.transports[engine.producers[consumer.producer].transport].rtt_us,
        consumer.sender.fraction_missed, consumer.sender.rtt_us,
        now_us,
    )


cdef uint8_t* write_sender(Consumer* consumer, uint8_t* p, const uint8_t* limit, const SenderInfo* info) noexcept nogil:
    cdef uint8_t* end = rtcp_write_sr(p, limit, info)
    if end == NULL:
        return NULL
    return rtcp_write_sdes(end, limit, consumer.ssrc, consumer.cname, consumer.cname_length)
