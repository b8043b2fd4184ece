"""An authentic packet on its way through a stream: RTX, pauses, restarts, and encodings given up."""

from __future__ import annotations

from mediad._fastpath.door.events import StreamChanged
from tests.support import engine as e


def test_padding_only_packets_leave_no_gap() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.send(e.rtp(2, 0, b"", padding=200))
    call.send(e.rtp(3, 3000, e.vp8_payload(2)))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001]
    assert call.drops() == {"drop_padding_only": 1}


def test_rtx_repairs_in_the_original_numbering() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    lost = e.rtp(2, 3000, e.vp8_payload(2))
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.send(e.rtp(3, 6000, e.vp8_payload(3)))
    call.send(e.rtx(lost, 77))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1002, 1001]
    call.send(e.rtx(lost, 78))
    assert call.drops() == {"drop_duplicate": 1}


def test_rtx_that_only_probes_is_not_forwarded() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    call.send(e.rtp(5, 0, b"", ssrc=e.RTX_SSRC, payload_type=97, padding=100))
    assert len(call.forwarded()) == 1
    assert call.drops() == {"drop_padding_only": 1}


def test_an_unknown_payload_type_is_dropped() -> None:
    call = e.Call()
    call.produce()
    call.send(e.rtp(1, 0, b"x", payload_type=50))
    assert call.drops() == {"drop_payload_type_unknown": 1}


def test_a_paused_producer_forwards_and_keeps_nothing() -> None:
    call = e.Call()
    call.produce(paused=True)
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    assert call.forwarded() == []
    assert call.drops() == {"drop_producer_paused": 1}
    assert call.engine.slots_in_use() == 0


def test_a_restarted_sender_is_followed_after_a_key_frame() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 0, e.vp8_payload(1, keyframe=True)))
    for number in range(30_000, 30_004):
        call.now_us += 33_000
        call.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 30_002)))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001, 1002]


class Camera(e.Call):
    """A camera in two encodings, 30 pictures a second."""

    def __init__(self) -> None:
        super().__init__()
        self.produce(encodings=[(e.SSRC, 0, b""), (e.SSRC + 1, 0, b"")], inactivity_us=1_500_000)
        self.number = 0

    def film(self, pictures: int, *encodings: int, gap_us: int = 33_000) -> None:
        for _ in range(pictures):
            self.number += 1
            for encoding in encodings:
                payload = e.vp8_payload(self.number, keyframe=self.number == 1)
                rtp = e.rtp(self.number, self.number * 3000, payload, ssrc=e.SSRC + encoding, marker=True)
                self.send(rtp)
            self.pass_time(gap_us)

    def lives(self) -> dict[int, bool]:
        """Encodings of which news came, and whether they live."""
        return {event.encoding: event.active for event in self.told(StreamChanged)}


def test_an_upper_encoding_its_sender_gives_up_is_missed_at_once() -> None:
    call = Camera()
    call.film(60, 0, 1)
    assert call.lives() == {0: True, 1: True}
    call.film(10, 0)
    assert call.lives() == {}
    call.film(4, 0)
    assert call.lives() == {1: False}
    call.film(1, 0, 1)
    assert call.lives() == {1: True}


def test_a_sender_without_network_has_not_given_up_anything() -> None:
    call = Camera()
    call.film(60, 0, 1)
    call.lives()
    call.pass_time(700_000)
    call.film(1, 0)
    call.film(30, 0, 1)
    assert False not in call.lives().values()


def test_few_pictures_are_left_to_the_timer() -> None:
    call = Camera()
    call.film(20, 0, 1, gap_us=200_000)
    call.lives()
    call.film(4, 0, gap_us=200_000)
    assert call.lives() == {}
    call.film(10, 0, gap_us=200_000)
    assert call.lives() == {1: False}


# --- encrypted frames -------------------------------------------------------------------------------------


def lie(number: int) -> bytes:
    """An encrypted frame whose first bit says that it is a key frame, as every other one does by chance."""
    return e.rtp(number, number * 3000, e.vp8_payload(number, body=b"y" * 90)[:6] + b"\x00" + b"z" * 90)


def test_a_lie_about_a_key_frame_starts_nothing_where_headers_are_clear() -> None:
    call = e.Call()
    call.produce()
    call.send(e.rtp(1, 3000, e.vp8_payload(1, keyframe=True)))
    call.pass_time(1_000_000)  # too old to be sent again
    call.consume()
    call.send(lie(2))
    assert call.forwarded() == []
    assert call.drops()["drop_waiting_keyframe"] == 1
    call.send(e.rtp(3, 9000, e.vp8_payload(3, keyframe=True)))
    assert [packet.picture_id for packet in call.forwarded()] != []


def test_where_all_is_encrypted_any_frame_may_be_a_key_frame() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(lie(1))
    assert len(call.forwarded()) == 1


def test_a_sender_that_begins_to_encrypt_its_headers_is_followed_again() -> None:
    call = e.Call()
    call.produce()
    call.send(e.rtp(1, 3000, e.vp8_payload(1, keyframe=True)))
    call.pass_time(1_000_000)
    call.consume()
    number, forwarded = 1, 0
    while not forwarded and number < 200:
        number += 1
        call.send(lie(number))
        call.pass_time(33_000)
        forwarded = len(call.forwarded())
    assert 2_000_000 < number * 33_000 < 4_000_000


def test_a_lie_about_a_key_frame_is_never_sent_again_to_a_newcomer() -> None:
    """The newcomer's wish goes to the sender instead: only a true key frame ends it."""
    call = e.Call()
    call.produce()
    call.send(lie(1))
    call.left()
    call.consume()
    left = call.left()
    assert [to for to, _ in left] == [e.SENDER]
    assert [(kind, form) for kind, form, _ in e.rtcp_blocks(left[0][1])][-1] == (206, 1)


def test_a_lie_about_a_key_frame_ends_no_repair() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.send(e.rtp(1, 3000, e.vp8_payload(1, keyframe=True)))
    call.send(lie(3))
    call.left()
    call.pass_time(100_000)
    asked = [body for kind, form, body in call.rtcp_to(e.SENDER) if (kind, form) == (205, 1)]
    assert asked
    assert asked[0][8:10] == b"\x00\x02"


# --- redundant audio --------------------------------------------------------------------------------------


def test_redundant_audio_has_the_routers_payload_types_inside() -> None:
    call = e.Call()
    red = [(63, 0, 102, 7, 48000), (111, 0, 100, e.OPUS, 48000)]
    call.produce_audio(codecs=red)
    call.consume_audio(codecs=[(102, 0), (100, 0)])
    call.send(e.rtp(1, 960, b"\xef\x0f\x00\x02\x6fabc", payload_type=63))
    (packet,) = call.forwarded()
    assert packet.payload_type == 102
    assert packet.payload == b"\xe4\x0f\x00\x02\x64abc"
    call.send(e.rtp(2, 1920, b"\xef\x0f\x00\x09\x6fabc", payload_type=63))
    assert call.drops() == {"drop_payload_type_unknown": 1}


def test_redundant_audio_without_its_codec_is_not_forwarded() -> None:
    call = e.Call()
    call.produce_audio(codecs=[(63, 0, 102, 7, 48000)])
    call.consume_audio(codecs=[(102, 0)])
    call.send(e.rtp(1, 960, b"\x6fabc", payload_type=63))
    assert call.drops() == {"drop_payload_type_unknown": 1}


def test_dialled_digits_pass_beside_speech() -> None:
    """telephone-event (RFC 4733) is a second payload type in the stream of the speech."""
    call = e.Call()
    call.produce_audio(codecs=[(0, 0, 0, 0, 8000), (126, 0, 110, 0, 8000)])
    call.consume_audio(codecs=[(0, 0), (110, 0)], clock_rate=8000)
    call.send(e.rtp(1, 160, b"speech" * 20, payload_type=0))
    call.send(e.rtp(2, 160, b"\x05\x0a\x00\xa0", payload_type=126))
    call.send(e.rtp(3, 320, b"speech" * 20, payload_type=0))
    forwarded = call.forwarded()
    assert [(packet.payload_type, packet.sequence) for packet in forwarded] == [
        (0, 1000),
        (110, 1001),
        (0, 1002),
    ]
    assert forwarded[1].payload == b"\x05\x0a\x00\xa0"
