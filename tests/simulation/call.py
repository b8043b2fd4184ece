"""A simulated call: who sends, who receives through which links, and what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self

from mediad.ortc.acceptance import AcceptedProducer
from mediad.pipe.events import ProducerLayersWanted, RouterEvent
from mediad.worker.media.parameters import extension_ids
from mediad.worker.media.plane import ExtensionKind
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.producer import Producer
from mediad.worker.transports.webrtc import WebRtcTransport
from tests.simulation.audio_receiver import AudioReceiver
from tests.simulation.clock import SimulatedClock
from tests.simulation.receiving_client import ReceivingClient
from tests.simulation.sending_client import FRAME_PERIOD_US, SendingClient
from tests.simulation.video_receiver import VideoReceiver
from tests.simulation.video_sender import TRUTH, EncodingPlan, ExtensionIds
from tests.simulation.worker import OFFERED, SimulatedWorker
from tests.support.layered import DESCRIPTOR_ID
from tests.support.link import Link
from tests.support.negotiation import chrome_opus, chrome_vp8, extensions, router

MS, SECOND = 1000, 1_000_000
CAMERA = [EncodingPlan(500_000), EncodingPlan(1_000_000), EncodingPlan(2_500_000)]  # as the page sends
SAMPLE_US = 100 * MS
MIME_TYPES = {
    "vp8": ("video/VP8", {}),
    "h264": (
        "video/H264",
        {"packetization-mode": 1, "profile-level-id": "42e01f", "level-asymmetry-allowed": 1},
    ),
    "vp9": ("video/VP9", {"profile-id": 0}),
    "vp9_key": ("video/VP9", {"profile-id": 0}),
    "av1": ("video/AV1", {}),
    "av1_key": ("video/AV1", {}),
}


@dataclass
class Sample:
    """The state of a receiver's transport at one moment; bitrates in bit/s."""

    now_us: int
    link_bps: int | None
    estimate_bps: int
    delivered_bps: int
    waiting_us: int  # the longest wait in the link's queue since the last sample
    target: dict[str, tuple[int, int] | None]  # by consumer: layers aimed at


@dataclass
class Track:
    """One consumer, at both ends."""

    consumer: Consumer
    receiver: VideoReceiver


@dataclass
class Sender:
    client: SendingClient
    transport: WebRtcTransport
    producers: dict[str, tuple[Producer, AcceptedProducer]] = field(default_factory=dict)  # by kind


@dataclass
class Receiver:
    name: str
    client: ReceivingClient
    transport: WebRtcTransport
    tracks: list[Track] = field(default_factory=list)
    audio: list[AudioReceiver] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    sampled_bytes: int = 0

    @property
    def screen(self) -> Any:
        return self.tracks[0].receiver.screen


class Call:
    """Use as a context manager: while it is open the worker's objects live by its clock."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.worker = SimulatedWorker(self.clock, router(*OFFERED))
        self.viewers_worker = self.worker
        """The worker that receivers are on."""
        self.truth: TRUTH = {}
        self.senders: list[Sender] = []
        self.receivers: list[Receiver] = []
        self.clock.every(SAMPLE_US, self._sample)
        self.worker.on_event = self._signal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.worker.close()

    @property
    def now_us(self) -> int:
        return self.clock.now_us

    def run(self, seconds: float) -> None:
        self.worker.settle()
        self.clock.run_until(self.clock.now_us + round(seconds * SECOND))

    def _signal(self, event: RouterEvent) -> None:
        """Do what a client does after an event over its WebSocket, as far as its sending follows from it."""
        if not isinstance(event, ProducerLayersWanted):
            return
        for sender in self.senders:
            if sender.producers["video"][0].id == event.producer_id:
                told = partial(sender.client.send_up_to, event.spatial_layer)
                self.clock.after(sender.client.down_delay_us, told)

    # --- who is there -------------------------------------------------------------------------------------

    def send(
        self,
        up: Link,
        down: Link,
        *,
        video: list[EncodingPlan] | None = None,
        audio: bool = False,
        period_us: int = FRAME_PERIOD_US,
    ) -> Sender:
        """A sender of a camera (three encodings of VP8 unless told), and a microphone with `audio`."""
        number = len(self.senders)
        client: SendingClient = SendingClient(
            self.clock, up, down, lambda data: self.worker.arrived(transport, data), self.truth
        )
        transport = self.worker.connect(f"send{number}", client.deliver)
        sender = Sender(client, transport)
        self.senders.append(sender)
        self._start_video(sender, CAMERA if video is None else video, number, period_us)
        if audio:
            wire = chrome_opus(mid="0")
            sender.producers["audio"] = self.worker.produce(transport, f"audio{number}", "audio", wire)
            client.start_audio(
                b"0", ExtensionIds(mid=4, transport_cc=3), 1111 if not number else 1111 + number
            )
        return sender

    def _start_video(self, sender: Sender, plans: list[EncodingPlan], number: int, period_us: int) -> None:
        ids = ExtensionIds(mid=4, transport_cc=3, rid=10, repaired_rid=11, descriptor=DESCRIPTOR_ID)
        numbers = {"MID": 4, "RID": 10, "REPAIRED_RID": 11, "ABS_SEND_TIME": 2, "TRANSPORT_CC": 3}
        known = extensions(**numbers, DEPENDENCY_DESCRIPTOR=DESCRIPTOR_ID)
        wire = chrome_vp8(mid="1", headerExtensions=known)
        mime_type, parameters = MIME_TYPES[plans[0].codec]
        wire["codecs"][0] |= {"mimeType": mime_type, "parameters": parameters}
        first_ssrc = 10_000 + 16 * number
        rids = [f"r{index}" for index in range(len(plans))] if len(plans) > 1 else [""]
        wire["encodings"] = [
            {"scalabilityMode": scalability_mode(plan)}
            | ({"rid": rid} if rid else {"ssrc": first_ssrc, "rtx": {"ssrc": first_ssrc + 0x1000}})
            for plan, rid in zip(plans, rids, strict=True)
        ]
        sender.producers["video"] = self.worker.produce(sender.transport, f"video{number}", "video", wire)
        sender.client.start_video(
            plans, b"1", [rid.encode() for rid in rids], ids, first_ssrc, 4 * number, period_us=period_us
        )

    def receive(self, down: Link, up: Link, *, name: str = "") -> Receiver:
        number = len(self.receivers)
        client: ReceivingClient = ReceivingClient(
            self.clock, down, up, lambda data: self.viewers_worker.arrived(transport, data)
        )
        transport = self.viewers_worker.connect(f"receive{number}", client.deliver)
        receiver = Receiver(name or f"receiver {number}", client, transport)
        self.receivers.append(receiver)
        return receiver

    def viewed(self, producer: Producer) -> Producer:
        """Return a sender's producer on the worker that receivers are on."""
        return producer

    def watch(
        self,
        receiver: Receiver,
        sender: Sender,
        *,
        preferred_layers: tuple[int, int | None] | None = None,
    ) -> Track:
        """The sender's camera for this receiver."""
        producer, accepted = sender.producers["video"]
        consumer, parameters = self.viewers_worker.consume(
            receiver.transport,
            f"{receiver.name}/{producer.id}",
            self.viewed(producer),
            accepted,
            preferred_layers,
        )
        encoding = parameters.encodings[0]
        assert encoding.rtx is not None
        plans = [encoding.plan for encoding in sender.client.video]
        stream = VideoReceiver(
            self.clock,
            encoding.ssrc,
            self.truth,
            receiver.client.up.send,
            playout_delay_id=extension_ids(parameters)[ExtensionKind.EXT_PLAYOUT_DELAY],
            vp8=plans[0].codec == "vp8",
            simulcast=len(plans) > 1,
        )
        transport_cc_id = extension_ids(parameters)[ExtensionKind.EXT_TRANSPORT_CC]
        receiver.client.add_video(stream, encoding.rtx.ssrc, transport_cc_id)
        track = Track(consumer, stream)
        receiver.tracks.append(track)
        return track

    def listen(self, receiver: Receiver, sender: Sender) -> AudioReceiver:
        """The sender's microphone for this receiver."""
        producer, accepted = sender.producers["audio"]
        _, parameters = self.viewers_worker.consume(
            receiver.transport, f"{receiver.name}/{producer.id}", self.viewed(producer), accepted
        )
        stream = AudioReceiver(self.clock, parameters.encodings[0].ssrc)
        receiver.client.add_audio(stream)
        receiver.audio.append(stream)
        return stream

    # --- what was seen ------------------------------------------------------------------------------------

    def _sample(self) -> None:
        for receiver in self.receivers:
            client = receiver.client
            sample = Sample(
                self.now_us,
                client.down.link.rate_bps,
                receiver.transport.available_bps,
                (client.bytes - receiver.sampled_bytes) * 8 * SECOND // SAMPLE_US,
                max(client.waits_us, default=0),
                {track.consumer.id: layers(track.consumer, "targetLayers") for track in receiver.tracks},
            )
            receiver.samples.append(sample)
            receiver.sampled_bytes = client.bytes
            client.waits_us.clear()

    def samples(self, receiver: Receiver, from_us: int, until_us: int | None = None) -> list[Sample]:
        end_us = self.now_us if until_us is None else until_us
        return [sample for sample in receiver.samples if from_us < sample.now_us <= end_us]


def layers(consumer: Consumer, which: str) -> tuple[int, int] | None:
    """currentLayers, targetLayers or preferredLayers, as the statistics tell them."""
    told = consumer.layer_stats().get(which)
    return (told["spatialLayer"], told["temporalLayer"]) if told else None


def scalability_mode(plan: EncodingPlan) -> str:
    suffix = "_KEY" if plan.codec.endswith("_key") else ""
    return f"L{plan.spatial_layers}T{plan.temporal_layers}{suffix}"
