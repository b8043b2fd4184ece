"""Replay of a recent key frame from memory, or a request for a new one."""

from libc.stdint cimport uint64_t
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_keyframe
from mediad._fastpath.engine.egress.packet cimport packet_replay
from mediad._fastpath.engine.graph cimport Consumer, Engine, ReceiveStream, Transport
from mediad._fastpath.engine.counts cimport COUNT_KEYFRAMES_REPLAYED
from mediad._fastpath.stream.history cimport StoredPacket, store_get

cdef enum:
    REPLAY_PACKETS = 128
    # An older key frame would show a stale picture for too long. While viewers storm, a new one comes each second, and
    # who joins then waits 350 ms for it at most.
    REPLAY_US = 650000


cdef void follow_begin(Engine* engine, ReceiveStream* stream, Consumer* consumer, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[consumer.transport]
    cdef StoredPacket* stored = NULL
    if not consumer.video:
        return
    if (
        stream.detected
        and stream.keyframe_sequence >= 0
        and now_us - stream.keyframe_us <= REPLAY_US
        and stream.receiver.highest - stream.keyframe_sequence < REPLAY_PACKETS
        and transport.has_address
        and (not transport.secure or consumer.rtp_session != NULL)
        and not engine.producers[stream.producer].paused
    ):
        stored = store_get(&stream.store, stream.keyframe_sequence)
    # Not twice: pausing and resuming costs the client a few bytes, and a replay up to REPLAY_PACKETS packets.
    if stored == NULL or stored.serial == consumer.replayed[stream.encoding] or (
            consumer.rtx_of_payload[stored.packet.payload_type] == 0):
        demand_keyframe(engine, stream, now_us)
        return
    consumer.replayed[stream.encoding] = stored.serial
    engine.counts[<int>COUNT_KEYFRAMES_REPLAYED] += 1
    packet_replay(engine, stream, consumer, stored, REPLAY_PACKETS, now_us)
