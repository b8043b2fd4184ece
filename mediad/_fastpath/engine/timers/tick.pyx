"""What is due: reports, feedback, repeated requests, levels. One timer per purpose, none of them per packet."""

from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.clock cimport ntp_from_us
from mediad._fastpath.base.wheel cimport NO_TIMER, wheel_arm, wheel_deadline, wheel_expired
from mediad._fastpath.engine.egress.estimate cimport bandwidth_tick, estimate_news_due
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_expired, demand_keyframe
from mediad._fastpath.engine.events cimport emit_news, event_begin
from mediad._fastpath.engine.graph cimport (
    NONE, TIMER_CONSUMER_NEWS, TIMER_FEEDBACK, TIMER_KEEPER, TIMER_KEYFRAME, TIMER_LEVEL, TIMER_NACK, TIMER_PACE,
    TIMER_REPORT, TIMER_STREAM_NEWS, TIMER_TRANSPORT_NEWS, Consumer, Engine, Producer,
    ReceiveStream, TimerPurpose, Transport, feedback_timer, keeper_timer, level_timer, nack_timer,
    report_timer, timer_purpose, wall_us,
)
from mediad._fastpath.engine.messages cimport COUNT_NACKS_SENT, EVENT_LEVEL, MAX_ENCODINGS, Event
from mediad._fastpath.engine.news cimport consumer_news_due, stream_news_due, tell_stream
from mediad._fastpath.engine.egress.pace cimport pace_expired
from mediad._fastpath.engine.timers.remb cimport remb_write
from mediad._fastpath.engine.egress.datagram cimport RTCP_BYTES, datagram_begin, send_rtcp
from mediad._fastpath.stream.history cimport stores_expire
from mediad._fastpath.stream.nack cimport nack_deadline, nack_due
from mediad._fastpath.stream.playout cimport playout_watch
from mediad._fastpath.stream.receiver cimport receiver_report, receiver_update_score
from mediad._fastpath.stream.sender cimport sender_report
from mediad._fastpath.stream.twcc cimport TWCC_INTERVAL_US, twcc_pending, twcc_write_feedback
from mediad._fastpath.wire.rtcp cimport (
    ReportBlock, SenderInfo, rtcp_write_dlrr, rtcp_write_nack, rtcp_write_rr, rtcp_write_rrtr,
    rtcp_write_sdes, rtcp_write_sr,
)
from mediad._fastpath.wire.rtp cimport EXT_PLAYOUT_DELAY

cdef enum:
    REPORT_INTERVAL_US = 1000000
    LEVEL_INTERVAL_US = 800000
    LEVEL_MIN_PACKETS = 10
    NACK_BATCH = 128
    MAX_REPORTS = 31               # RC is five bits
    DEFAULT_RTT_US = 100000
    REMOTE_LOSS_US = 8000000       # of a receiver that has stopped reporting; some report only every 5 s
    CONGESTED_US = 3000000         # after the estimate fell: reports of what was lost then are on their way


cdef uint64_t engine_deadline(Engine* engine) noexcept nogil:
    return wheel_deadline(&engine.wheel)


cdef void engine_tick(Engine* engine, uint64_t now_us) noexcept nogil:
    cdef uint32_t timer, index
    cdef TimerPurpose purpose
    while True:
        timer = wheel_expired(&engine.wheel, now_us)
        if timer == NO_TIMER:
            return
        purpose = timer_purpose(engine, timer, &index)
        if purpose == TIMER_REPORT:
            send_reports(engine, index, now_us)
        elif purpose == TIMER_FEEDBACK:
            send_feedback(engine, index, now_us)
        elif purpose == TIMER_LEVEL:
            tell_level(engine, index, now_us)
        elif purpose == TIMER_NACK:
            send_nacks(engine, index, now_us)
        elif purpose == TIMER_KEYFRAME:
            demand_expired(engine, &engine.streams[index], now_us)
        elif purpose == TIMER_PACE:
            pace_expired(engine, index, now_us)
        elif purpose == TIMER_TRANSPORT_NEWS:
            estimate_news_due(engine, index, now_us)
        elif purpose == TIMER_STREAM_NEWS:
            stream_news_due(engine, index, now_us)
        elif purpose == TIMER_CONSUMER_NEWS:
            consumer_news_due(engine, index, now_us)
        elif purpose == TIMER_KEEPER:
            expire_stores(engine, now_us)


cdef void expire_stores(Engine* engine, uint64_t now_us) noexcept nogil:
    """What was kept for repeats goes when its time is up, whether its stream goes on or not."""
    cdef uint64_t next_us = stores_expire(&engine.keeper, now_us)
    engine.keeper_waits = next_us != 0
    if engine.keeper_waits:
        wheel_arm(&engine.wheel, keeper_timer(engine), next_us)


# --- once a second per transport --------------------------------------------------------------------------------------

cdef void send_reports(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
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
    if not transport.has_address or (transport.secure and not transport.has_keys):
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
    """RR for every stream the peer sends, our reference time, the answer to its own, and what it may send."""
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
    out = datagram_begin(engine, transport)
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
    """What in-band FEC has to bridge, in 1/256: the loss of both hops, the second that of whoever loses most.

    Before repairs: those come a round trip too late to be heard, unless the path is short.
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
    cdef uint8_t* out = datagram_begin(engine, transport)
    cdef uint8_t* p
    if out != NULL:
        p = rtcp_write_rr(out, out + RTCP_BYTES, transport.rtcp_ssrc, reports, count)
        send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)


cdef void report_sent(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    """SR and SDES for every stream we send, as many as fit a compound packet (each SR starts one: RFC 3550 6.1)."""
    cdef uint32_t index = transport.first_consumer
    cdef Consumer* consumer
    cdef SenderInfo info
    cdef uint8_t* out = NULL
    cdef uint8_t* p = NULL
    cdef uint8_t* end
    while index != NONE:
        consumer = &engine.consumers[index]
        index = consumer.next_in_transport
        ask_for_patience(engine, consumer, now_us)
        if not sender_report(&consumer.sender, &info, now_us, wall_us(engine, now_us)):
            continue
        if out != NULL:
            end = write_sender(consumer, p, out + RTCP_BYTES, &info)
            if end != NULL:
                p = end
                continue
            send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)
        out = datagram_begin(engine, transport)
        if out == NULL:
            return
        p = write_sender(consumer, out, out + RTCP_BYTES, &info)
    if out != NULL:
        send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)


cdef void ask_for_patience(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    """As long as the repairs of both hops take, of who knows the extension: video is negotiated with it, audio is not.

    Without RTX a repeat must not differ by a bit.
    """
    cdef uint64_t decreased_us = engine.transports[consumer.transport].estimator.decreased_us
    cdef ReceiveStream* stream
    if consumer.extension_ids[<int>EXT_PLAYOUT_DELAY] == 0 or consumer.rtx_ssrc == 0 or consumer.current < 0:
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


# --- transport-cc, NACK, levels ---------------------------------------------------------------------------------------

cdef void send_feedback(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    """Transport-cc feedback for what came since the last; a lone feedback packet is legal with reduced-size RTCP."""
    cdef Transport* transport = &engine.transports[index]
    cdef uint8_t* out
    cdef uint8_t* p
    if transport.handle == 0:
        return
    while twcc_pending(&transport.transport_cc):
        out = datagram_begin(engine, transport)
        if out == NULL:
            break
        p = twcc_write_feedback(&transport.transport_cc, out, out + RTCP_BYTES, transport.rtcp_ssrc)
        if p == NULL:
            break
        send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)
    if twcc_pending(&transport.transport_cc):
        # There is no way to the peer now. Arrivals arm the timer only when nothing is owed yet.
        wheel_arm(&engine.wheel, feedback_timer(engine, index), now_us + TWCC_INTERVAL_US)


cdef void send_nacks(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef ReceiveStream* stream = &engine.streams[index]
    cdef Producer* producer = &engine.producers[stream.producer]
    cdef Transport* transport
    cdef uint16_t[NACK_BATCH] lost
    cdef uint32_t count
    cdef uint64_t rtt_us, deadline
    cdef uint8_t* out
    cdef uint8_t* p
    if not stream.detected or producer.handle == 0:
        return
    transport = &engine.transports[producer.transport]
    rtt_us = transport.rtt_us if transport.rtt_us != 0 else DEFAULT_RTT_US
    if not transport.has_address and nack_deadline(&stream.receiver.nack) != 0:
        # What cannot be asked for has not been asked for: no try is used up.
        wheel_arm(&engine.wheel, nack_timer(engine, index), now_us + DEFAULT_RTT_US)
        return
    count = nack_due(&stream.receiver.nack, now_us, rtt_us, lost, NACK_BATCH)
    if count:
        out = datagram_begin(engine, transport)
        if out != NULL:
            p = rtcp_write_nack(out, out + RTCP_BYTES, transport.rtcp_ssrc, stream.receiver.ssrc, lost, count)
            if p != NULL:
                engine.counts[<int>COUNT_NACKS_SENT] += 1
                send_rtcp(engine, transport, out, <uint32_t>(p - out), now_us)
    if stream.receiver.nack.wants_keyframe:
        stream.receiver.nack.wants_keyframe = False
        if producer.video:
            demand_keyframe(engine, stream, now_us)
    deadline = nack_deadline(&stream.receiver.nack)
    if deadline != 0:
        wheel_arm(&engine.wheel, nack_timer(engine, index), deadline)


cdef void tell_level(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef Event event
    cdef Producer* producer = &engine.producers[index]
    if producer.handle == 0:
        return
    wheel_arm(&engine.wheel, level_timer(engine, index), now_us + LEVEL_INTERVAL_US)
    if producer.level_count >= LEVEL_MIN_PACKETS:
        event_begin(&event, EVENT_LEVEL, producer.handle)
        event.body.level.dbov = -<int32_t>(producer.level_sum // producer.level_count)
        emit_news(engine, &event)
    producer.level_sum = 0
    producer.level_count = 0
