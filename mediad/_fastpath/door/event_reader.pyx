"""Conversion of each kind of native event into its Python type."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from mediad._fastpath.base.ring cimport ring_pop
from mediad._fastpath.door.addresses cimport read_address, read_local_address
from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.messages cimport (
    EVENT_BITRATES, EVENT_CLOSED, EVENT_CONSUMER_SCORE, EVENT_DTLS, EVENT_ESTIMATE, EVENT_LAYERS, EVENT_LEARNED,
    EVENT_LEVEL, EVENT_PATH, EVENT_PATH_LOST, EVENT_REFUSED, EVENT_SCTP, EVENT_STATS, EVENT_STREAM, KIND_TRANSPORT,
    Event, EventBody, Punt,
)

from mediad._fastpath.door.events import (
    AddressLearned, BandwidthEstimated, BitratesMeasured, Closed, CommandRefused, ConsumerScore, DtlsReceived,
    LayersChanged, LevelMeasured, PathLost, PathReported, SctpReceived, StatsAnswered, StreamChanged, StunReceived,
)
from mediad._fastpath.engine.messages import CommandKind, Kind, Refusal


cdef class EventReader:
    """Reader of one engine's rings. Records of one answer come one by one, and are kept until the last."""

    def __cinit__(self):
        self.partial_stats = {}

    cdef list take(self, Engine* engine, int limit):
        cdef Event event
        cdef Punt punt
        cdef list taken = []
        cdef object told
        cdef int _
        for _ in range(limit):
            if not ring_pop(&engine.punts, &punt):
                break
            taken.append(read_punt(&punt))
        for _ in range(limit):
            if not ring_pop(&engine.events, &event):
                break
            told = self.read_event(&event)
            if told is not None:
                taken.append(told)
        return taken

    cdef object read_event(self, const Event* event):
        cdef const EventBody* body = &event.body
        if event.kind == EVENT_STREAM:
            return StreamChanged(event.handle, body.stream.encoding, body.stream.ssrc, body.stream.score,
                                 body.stream.active != 0)
        if event.kind == EVENT_CLOSED:
            return Closed(Kind(body.closed.kind), event.handle)
        if event.kind == EVENT_CONSUMER_SCORE:
            return ConsumerScore(event.handle, body.consumer_score.score)
        if event.kind == EVENT_LEVEL:
            return LevelMeasured(event.handle, body.level.packets, -<int>body.level.attenuation,
                                 PyBytes_FromStringAndSize(<const char*>body.level.loudness, body.level.steps))
        if event.kind == EVENT_LAYERS:
            return LayersChanged(event.handle, body.layers.encoding, body.layers.temporal_layer,
                                 body.layers.spatial_layer)
        if event.kind == EVENT_ESTIMATE:
            return BandwidthEstimated(event.handle, body.estimate.available_bps, body.estimate.delivered_bps,
                                      body.estimate.queue_us)
        if event.kind == EVENT_BITRATES:
            # Cython's conversion of an array takes no const one, which clang refuses.
            return BitratesMeasured(event.handle, body.bitrates.encoding, (<EventBody*>body).bitrates.bps)
        if event.kind == EVENT_PATH:
            return PathReported(event.handle, *read_address(&body.path.address),
                                read_local_address(&body.path.address), body.path.heard_us, body.path.dropped_us,
                                body.path.asked != 0)
        if event.kind == EVENT_PATH_LOST:
            return PathLost(event.handle, *read_address(&body.path.address), read_local_address(&body.path.address))
        if event.kind == EVENT_LEARNED:
            return AddressLearned(event.handle, *read_address(&body.learned.address),
                                  read_local_address(&body.learned.address), body.learned.rtcp != 0)
        if event.kind == EVENT_REFUSED:
            return CommandRefused(Kind(body.refused.kind), event.handle,
                                  CommandKind(body.refused.command).name.removeprefix("COMMAND_").lower(),
                                  Refusal(body.refused.reason).name.removeprefix("REFUSED_").lower().replace("_", " "))
        if event.kind == EVENT_STATS:
            return self.read_stats(event)
        return None

    cdef object read_stats(self, const Event* event):
        cdef list records = self.partial_stats.setdefault(event.body.stats.request_id, [])
        if event.body.stats.present and event.body.stats.kind == KIND_TRANSPORT:
            records.append(event.body.stats.values.transport)
        elif event.body.stats.present:
            records.append(event.body.stats.values.stream)
        if not event.body.stats.last:
            return None
        del self.partial_stats[event.body.stats.request_id]
        return StatsAnswered(event.body.stats.request_id, records)


cdef object read_punt(const Punt* punt):
    cdef bytes data = PyBytes_FromStringAndSize(<const char*>punt.bytes, punt.length)
    cdef tuple where = (punt.handle, *read_address(&punt.source), read_local_address(&punt.source), data)
    if punt.kind == EVENT_DTLS:
        return DtlsReceived(*where)
    if punt.kind == EVENT_SCTP:
        return SctpReceived(*where)
    return StunReceived(*where, punt.selected_heard_us)
