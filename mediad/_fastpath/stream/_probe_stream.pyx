"""Test window into single streams: a class for each struct. Built with MEDIAD_PROBE=1 only."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset
from mediad._fastpath.base.pool cimport (
    NO_SLOT, Pool, pool_data, pool_destroy, pool_init, pool_release, pool_take,
)
from mediad._fastpath.stream cimport (
    history,
    keyframes,
    layer_rates,
    layer_selector,
    nack,
    numbers,
    playout,
    receiver,
    rewriter,
    score,
    sender,
    twcc,
    uplink,
)
from mediad._fastpath.stream.keeper cimport KEPT_VIDEO, Keeper, KeptKind, keeper_destroy, keeper_init
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtcp cimport ReportBlock, SenderInfo
from mediad._fastpath.wire.rtp cimport RtpPacket


cdef PayloadInfo vp8_info(picture, int bits, tl0):
    """Only what the rewriter reads."""
    cdef PayloadInfo info
    memset(&info, 0, sizeof(info))
    if picture is not None:
        info.picture_id = picture
        info.picture_id_bits = bits
        info.picture_id_offset = 2
    if tl0 is not None:
        info.tl0_picture_index = tl0
        info.tl0_offset = 4
    return info


cdef PayloadInfo layer_info(dict values):
    """Only the fields given."""
    cdef PayloadInfo info
    memset(&info, 0, sizeof(info))
    info.is_keyframe = values.get("is_keyframe", 0)
    info.spatial_layer = values.get("spatial_layer", 0)
    info.temporal_layer = values.get("temporal_layer", 0)
    info.is_layer_sync = values.get("is_layer_sync", 0)
    info.starts_over = values.get("starts_over", 0)
    info.enters_layer = values.get("enters_layer", 0)
    info.ends_layer = values.get("ends_layer", 0)
    info.spatial_count = values.get("spatial_count", 0)
    info.targets = values.get("targets", 0)
    info.switches = values.get("switches", 0)
    return info


cdef class LayerSelector:
    cdef layer_selector.LayerSelector state

    def target(self, uint32_t spatial, uint32_t temporal):
        layer_selector.selector_target(&self.state, spatial, temporal)

    def restart(self, int64_t sequence):
        layer_selector.selector_restart(&self.state, sequence)

    def decide(self, int64_t sequence, uint32_t timestamp, **values):
        """SELECT_* bits; `values` are fields of PayloadInfo."""
        cdef PayloadInfo info = layer_info(values)
        return layer_selector.selector_decide(&self.state, sequence, timestamp, &info)

    @property
    def layers(self):
        """(spatial, temporal) being forwarded."""
        return self.state.spatial, self.state.temporal

    @property
    def wants_keyframe(self):
        return bool(layer_selector.selector_wants_keyframe(&self.state))


cdef class LayerRates:
    cdef layer_rates.LayerRates state

    def add(self, uint32_t size, uint64_t now_us, **values):
        cdef PayloadInfo info = layer_info(values)
        layer_rates.layer_rates_add(&self.state, &info, size, now_us)

    def read(self, uint64_t now_us):
        cdef uint32_t[layer_rates.RATED_CHOICES] bps
        layer_rates.layer_rates_read(&self.state, bps, now_us)
        return [bps[i] for i in range(layer_rates.RATED_CHOICES)]

    def news(self, uint64_t interval_us, uint64_t now_us):
        """What is told; None when there is no news."""
        if not layer_rates.layer_rates_news(&self.state, interval_us, now_us):
            return None
        return [self.state.told_bps[i] for i in range(layer_rates.RATED_CHOICES)]


def delivery_score(double expected, double lost, double repaired):
    return score.delivery_score(expected, lost, repaired)


cdef class Scores:
    cdef uint8_t history[score.SCORE_VALUES]
    cdef uint8_t count

    def add(self, uint8_t value):
        return score.smooth_score(self.history, &self.count, value)


cdef class Numbers:
    cdef numbers.NumberMap map

    def __init__(self, int64_t value, int64_t mapped):
        numbers.numbers_start(&self.map, value, mapped)

    def drop(self, int64_t value):
        numbers.numbers_drop(&self.map, value)

    def map_to(self, int64_t value):
        cdef int64_t mapped
        return mapped if numbers.numbers_map(&self.map, value, &mapped) else None

    @property
    def intervals(self):
        return self.map.count


cdef class Rewriter:
    cdef rewriter.RtpRewriter state

    def __init__(self, uint32_t clock_rate=90000, uint16_t first_output=1000, uint32_t first_timestamp=0):
        rewriter.rewriter_init(&self.state, clock_rate, first_output, first_timestamp)

    def sync(
        self,
        int64_t sequence,
        uint32_t timestamp,
        int32_t timestamp_step=1,
        *,
        uint32_t age=0,
        picture=None,
        int bits=15,
        tl0=None,
        uint64_t now_us=0,
        bint described=True,
    ):
        cdef PayloadInfo info = vp8_info(picture, bits, tl0)
        rewriter.rewriter_sync(
            &self.state, sequence, timestamp, &info if described else NULL, timestamp_step, age, now_us
        )

    def map(
        self,
        int64_t sequence,
        uint32_t timestamp,
        *,
        picture=None,
        int bits=15,
        tl0=None,
        uint64_t now_us=0,
        bint described=True,
    ):
        """(sequence number, timestamp, picture id, TL0PICIDX) or None."""
        cdef PayloadInfo info = vp8_info(picture, bits, tl0)
        cdef rewriter.Rewritten out
        if not rewriter.rewriter_map(
            &self.state, sequence, timestamp, &info if described else NULL, now_us, &out
        ):
            return None
        return out.sequence_number, out.timestamp, out.picture_id, out.tl0_picture_index

    def map_frame(self, int64_t sequence, uint16_t frame_number):
        """The frame number of a packet with a dependency descriptor."""
        cdef PayloadInfo info
        cdef rewriter.Rewritten out
        memset(&info, 0, sizeof(info))
        info.has_frame_number = True
        info.frame_number = frame_number
        return out.frame_number if rewriter.rewriter_map(&self.state, sequence, 0, &info, 0, &out) else None

    def drop(self, int64_t sequence, *, picture=None, int bits=15, tl0=None, bint frame=False, bint described=True):
        cdef PayloadInfo info = vp8_info(picture, bits, tl0)
        rewriter.rewriter_drop(&self.state, sequence, &info if described else NULL, frame)

    def leaves_hole(self, int64_t sequence):
        return bool(rewriter.rewriter_leaves_hole(&self.state, sequence))

    def unsync(self):
        self.state.synced = False

    @property
    def highest_timestamp(self):
        return self.state.highest_timestamp, self.state.highest_timestamp_us


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
        """What is missing now, ascending."""
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
        """(asked for, NACKs, repaired, given up)"""
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
        """(Arrival, unwrapped number; -1 where there is none)"""
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
        """The struct's own numbers, by their names."""
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


cdef class Sender:
    cdef sender.RtpStreamSender state

    def __init__(self, uint32_t ssrc=1, uint32_t rtx_ssrc=2, uint32_t clock_rate=90000, uint16_t first_rtx_sequence=7):
        sender.sender_init(&self.state, ssrc, rtx_ssrc, clock_rate, first_rtx_sequence)

    def sent(
        self,
        uint32_t timestamp,
        uint64_t now_us,
        *,
        uint32_t payload=100,
        uint32_t total=120,
        uint64_t capture_us=0,
    ):
        sender.sender_sent(&self.state, timestamp, payload, total, capture_us, now_us)

    def resent(self, uint64_t count):
        self.state.retransmitted += count

    def report(self, uint64_t now_us, uint64_t wall_us):
        cdef SenderInfo info
        if not sender.sender_report(&self.state, &info, now_us, wall_us):
            return None
        return info

    def receiver_report(
        self,
        *,
        uint8_t fraction_lost=0,
        int cumulative_lost=0,
        uint32_t highest_sequence=0,
        uint32_t jitter=0,
        uint32_t last_sr=0,
        uint32_t delay=0,
        uint64_t wall_us=0,
    ):
        cdef ReportBlock report
        report.ssrc = self.state.ssrc
        report.fraction_lost = fraction_lost
        report.cumulative_lost = cumulative_lost
        report.highest_sequence = highest_sequence
        report.jitter = jitter
        report.last_sr = last_sr
        report.delay_since_last_sr = delay
        return bool(sender.sender_receiver_report(&self.state, &report, wall_us))

    @property
    def state_now(self):
        return self.state


cdef class Store:
    """A packet store with a pool of its own; a slot's first four bytes hold whatever number the test puts there."""

    cdef Pool pool
    cdef Keeper keeper
    cdef history.PacketStore store
    cdef uint64_t[2] let_go
    cdef bint open

    def __init__(self, uint32_t capacity, uint64_t keep_us, uint32_t slots=4096):
        if (not pool_init(&self.pool, slots) or not keeper_init(&self.keeper, &self.pool, 1, &self.let_go[0],
                                                                &self.let_go[1])
                or not history.store_init(&self.store, &self.keeper, capacity, KEPT_VIDEO, 0)):
            raise MemoryError
        self.keeper.keep_us[<int>KEPT_VIDEO] = keep_us
        self.open = True

    def __dealloc__(self):
        if self.open:
            history.store_destroy(&self.store)
            keeper_destroy(&self.keeper)
            pool_destroy(&self.pool)

    def put(self, int64_t sequence, uint32_t tag, uint64_t now_us):
        """As ingress does it: take a slot, offer it to the store, give up one's own reference."""
        cdef RtpPacket packet
        cdef PayloadInfo info
        cdef uint32_t slot = pool_take(&self.pool)
        memset(&packet, 0, sizeof(packet))
        memset(&info, 0, sizeof(info))
        packet.data = pool_data(&self.pool, slot)
        (<uint32_t*>packet.data)[0] = tag
        info.picture_id = <uint16_t>tag
        stored = history.store_put(&self.store, sequence, slot, &packet, &info, now_us)
        pool_release(&self.pool, slot)
        return stored != NULL

    def get(self, int64_t sequence):
        cdef history.StoredPacket* stored = history.store_get(&self.store, sequence)
        if stored == NULL:
            return None
        tag = (<uint32_t*>stored.packet.data)[0]
        assert stored.sequence == sequence and stored.info.picture_id == tag & 0xFFFF
        assert stored.packet.data == pool_data(&self.pool, stored.slot)
        return tag

    def clear(self):
        history.store_clear(&self.store)

    def destroy(self):
        history.store_destroy(&self.store)

    @property
    def capacity(self):
        return self.store.capacity

    @property
    def slots_in_use(self):
        return self.pool.capacity - self.pool.free_count


cdef class Sent:
    cdef history.SentHistory history

    def __init__(self, uint32_t capacity):
        if not history.sent_init(&self.history, capacity):
            raise MemoryError

    def __dealloc__(self):
        history.sent_destroy(&self.history)

    def put(self, uint16_t sequence_number, int64_t source_sequence):
        history.sent_put(&self.history, sequence_number).serial = source_sequence

    def get(self, uint16_t sequence_number):
        cdef history.SentPacket* cell = history.sent_get(&self.history, sequence_number)
        return None if cell == NULL else cell.serial

    def clear(self):
        history.sent_clear(&self.history)

    @property
    def capacity(self):
        return self.history.mask + 1


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
        """The next feedback packet or None; what lies behind the limit must stay as it is."""
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
        """(feedback packets, received, lost)"""
        return self.state.feedbacks_sent, self.state.received, self.state.lost


cdef class Uplink:
    cdef uplink.UplinkEstimate state

    def __init__(self, uint64_t limit_bps=0):
        uplink.uplink_init(&self.state, limit_bps)

    def update(self, uint8_t fraction_lost, uint64_t received_bps, uint64_t now_us):
        return uplink.uplink_update(&self.state, fraction_lost, received_bps, now_us)


cdef class Playout:
    cdef playout.PlayoutDelay state

    def watch(self, now_us: int, missed_up: int = 0, rtt_up_us: int = 0, missed_down: int = 0, rtt_down_us: int = 0):
        playout.playout_watch(&self.state, missed_up, rtt_up_us, missed_down, rtt_down_us, now_us)

    def limits(self, wish: bytes | None = None):
        """(least, most) in ms"""
        cdef const uint8_t* asked = NULL
        if wish is not None:
            asked = wish
        cdef uint32_t value = playout.playout_limits(&self.state, asked)
        return 10 * (value >> 12), 10 * (value & 0xFFF)

    @property
    def least_ms(self):
        return self.state.least_ms

    @property
    def frames_to_tell(self):
        return self.state.frames_to_tell


cdef class Stores:
    """Packet stores, each (kind, owner), that share one pool of slots."""

    cdef Pool pool
    cdef Keeper keeper
    cdef history.PacketStore[8] stores
    cdef uint64_t[2] let_go
    cdef int count

    def __init__(self, uint32_t slots, list stores, uint32_t share=0, uint32_t reserve=0):
        if not pool_init(&self.pool, slots) or not keeper_init(&self.keeper, &self.pool, 8, &self.let_go[0],
                                                               &self.let_go[1]):
            raise MemoryError
        for kind, owner in stores:
            if not history.store_init(&self.stores[self.count], &self.keeper, 1024, <KeptKind><int>kind, owner):
                raise MemoryError
            self.count += 1
        if share:
            self.keeper.share = share
        if reserve:
            self.keeper.reserve = reserve

    def __dealloc__(self):
        cdef int i
        for i in range(self.count):
            history.store_destroy(&self.stores[i])
        keeper_destroy(&self.keeper)
        pool_destroy(&self.pool)

    def put(self, int store, int64_t sequence, uint64_t now_us):
        """Whether a slot could be had for it."""
        cdef RtpPacket packet
        cdef PayloadInfo info
        cdef uint32_t slot = pool_take(&self.pool)
        if slot == NO_SLOT:
            return False
        memset(&packet, 0, sizeof(packet))
        memset(&info, 0, sizeof(info))
        history.store_put(&self.stores[store], sequence, slot, &packet, &info, now_us)
        pool_release(&self.pool, slot)
        return True

    def has(self, int store, int64_t sequence):
        return history.store_get(&self.stores[store], sequence) != NULL

    def expire(self, uint64_t now_us):
        return history.stores_expire(&self.keeper, now_us)

    def clear(self, int store):
        history.store_clear(&self.stores[store])

    def kept(self, uint32_t owner):
        return self.keeper.owners[owner].count

    @property
    def free(self):
        return self.pool.free_count

    @property
    def let_go_early(self):
        """(as the pool was low, as the owner kept more than its share)"""
        return self.let_go[0], self.let_go[1]
