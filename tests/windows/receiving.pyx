"""Test window into received streams and the reports to their senders: a class for each struct."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset
from mediad._fastpath.stream cimport keyframes, level_meter, nack, receiver, score, twcc, uplink
from mediad._fastpath.wire.rtcp cimport ReportBlock, SenderInfo


def delivery_score(double expected, double lost, double repaired):
    return score.delivery_score(expected, lost, repaired)


cdef class Scores:
    cdef uint8_t history[score.SCORE_VALUES]
    cdef uint8_t count

    def add(self, uint8_t value):
        return score.smooth_score(self.history, &self.count, value)


cdef class Nack:
    cdef nack.NackGenerator state

    def __init__(self):
        nack.nack_init(&self.state)

    def received(self, int64_t sequence, uint64_t now_us, *, bint keyframe=False):
        nack.nack_received(&self.state, sequence, keyframe, now_us)

    def due(self, uint64_t now_us, *, uint64_t rtt_us=0, uint32_t limit=512):
        cdef uint16_t lost[nack.NACK_LIMIT]
        cdef uint32_t count = nack.nack_due(&self.state, now_us, rtt_us, lost, limit)
        return [lost[i] for i in range(count)]

    def restart(self):
        nack.nack_restart(&self.state)

    def take_keyframe_wish(self):
        wish = bool(self.state.wants_keyframe)
        self.state.wants_keyframe = False
        return wish

    @property
    def deadline(self):
        return nack.nack_deadline(&self.state)

    @property
    def missing(self):
        """Return the numbers missing now, ascending."""
        cdef uint32_t i
        cdef nack.MissingPacket* cell
        found = []
        for i in range(self.state.length):
            cell = &self.state.missing[(self.state.head + i) & (nack.NACK_LIMIT - 1)]
            if cell.missing:
                found.append(cell.sequence)
        assert len(found) == self.state.count
        return found

    @property
    def counters(self):
        """Return (asked for, NACKs, repaired, given up)."""
        return self.state.nacked_packets, self.state.nacks_sent, self.state.repaired, self.state.given_up


cdef class Keyframes:
    cdef keyframes.KeyframeRequests state

    def __init__(self):
        keyframes.keyframes_init(&self.state)

    def want(self, uint64_t now_us):
        return bool(keyframes.keyframes_want(&self.state, now_us))

    def received(self, uint64_t now_us):
        keyframes.keyframes_received(&self.state, now_us)

    def due(self, uint64_t now_us):
        return bool(keyframes.keyframes_due(&self.state, now_us))

    def withdraw(self):
        self.state.wanted = False

    @property
    def deadline(self):
        return keyframes.keyframes_deadline(&self.state)

    @property
    def requests(self):
        return self.state.requests


cdef class Receiver:
    cdef receiver.RtpStreamReceiver state

    def __init__(self, uint32_t ssrc=1, uint32_t clock_rate=90000, *, bint use_nack=False):
        receiver.receiver_init(&self.state, ssrc, clock_rate, use_nack)

    def packet(
        self,
        uint16_t sequence_number,
        uint32_t timestamp=0,
        *,
        uint32_t size=100,
        bint keyframe=False,
        bint repaired=False,
        uint64_t now_us=0,
    ):
        """Return (Arrival, unwrapped number; -1 where there is none)."""
        cdef int64_t sequence = -1
        arrival = receiver.receiver_packet(
            &self.state, sequence_number, timestamp, size, keyframe, repaired, now_us, &sequence
        )
        return <int>arrival, sequence

    def sender_report(self, uint64_t ntp, uint32_t rtp_timestamp, uint64_t now_us):
        cdef SenderInfo info
        memset(&info, 0, sizeof(info))
        info.ntp = ntp
        info.rtp_timestamp = rtp_timestamp
        receiver.receiver_sender_report(&self.state, &info, now_us)

    def report(self, uint64_t now_us=0):
        cdef ReportBlock report
        memset(&report, 0, sizeof(report))
        receiver.receiver_report(&self.state, &report, now_us)
        return report

    def update_score(self, uint64_t now_us, *, uint64_t inactivity_us=0):
        return bool(receiver.receiver_update_score(&self.state, inactivity_us, now_us))

    def score_is_news(self):
        return bool(receiver.receiver_score_is_news(&self.state))

    def capture_us(self, uint32_t timestamp):
        cdef uint64_t capture_us
        return capture_us if receiver.receiver_capture_us(&self.state, timestamp, &capture_us) else None

    def nack_due(self, uint64_t now_us):
        cdef uint16_t lost[nack.NACK_LIMIT]
        cdef uint32_t count = nack.nack_due(&self.state.nack, now_us, 0, lost, nack.NACK_LIMIT)
        return [lost[i] for i in range(count)]

    def __getattr__(self, name):
        """Return a field of the struct by its name."""
        fields = {
            "packets": self.state.packets,
            "bytes": self.state.bytes,
            "jitter": self.state.jitter,
            "score": self.state.score,
            "is_active": bool(self.state.is_active),
            "last_packet_us": self.state.last_packet_us,
            "packets_discarded": self.state.packets_discarded,
            "packets_retransmitted": self.state.packets_retransmitted,
            "packets_repaired": self.state.packets_repaired,
            "rtx_discarded": self.state.rtx_discarded,
            "wants_keyframe": bool(self.state.nack.wants_keyframe),
        }
        if name not in fields:
            raise AttributeError(name)
        return fields[name]


cdef class Twcc:
    cdef twcc.TwccRecorder state

    def __init__(self):
        twcc.twcc_init(&self.state)

    def received(self, uint16_t sequence_number, uint64_t now_us, uint32_t media_ssrc=0x1234):
        twcc.twcc_received(&self.state, sequence_number, media_ssrc, now_us)

    @property
    def pending(self):
        return bool(twcc.twcc_pending(&self.state))

    def feedback(self, uint32_t sender_ssrc=1, uint32_t room=1200):
        """Return the next feedback packet or None; bytes behind the limit must stay as they are."""
        cdef uint8_t* buffer = <uint8_t*>malloc(room + 64)
        cdef uint8_t* end
        try:
            memset(buffer, 0xA5, room + 64)
            end = twcc.twcc_write_feedback(&self.state, buffer, buffer + room, sender_ssrc)
            assert all(buffer[room + i] == 0xA5 for i in range(64))
            return None if end == NULL else bytes(buffer[: end - buffer])
        finally:
            free(buffer)

    @property
    def counters(self):
        """Return (feedback packets, received, lost)."""
        return self.state.feedbacks_sent, self.state.received, self.state.lost


cdef class Uplink:
    cdef uplink.UplinkEstimate state

    def __init__(self, uint64_t limit_bps=0):
        uplink.uplink_init(&self.state, limit_bps)

    def update(self, uint8_t fraction_lost, uint64_t received_bps, uint64_t now_us):
        return uplink.uplink_update(&self.state, fraction_lost, received_bps, now_us)


cdef class LevelMeter:
    cdef level_meter.LevelMeter state

    def __init__(self, uint32_t clock_rate=48000):
        level_meter.level_meter_init(&self.state, clock_rate)

    def add(self, uint32_t timestamp, uint8_t attenuation):
        level_meter.level_meter_add(&self.state, timestamp, attenuation)

    def take(self):
        """Return (packets, attenuation, loudness of each step)."""
        cdef uint8_t loudness[level_meter.LEVEL_STEPS]
        packets, attenuation = self.state.packets, self.state.attenuation
        cdef uint32_t steps = level_meter.level_meter_take(&self.state, loudness)
        return packets, attenuation, [loudness[i] for i in range(steps)]
