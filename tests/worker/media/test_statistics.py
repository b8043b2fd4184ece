from __future__ import annotations

from typing import Any

from mediad.worker.media import statistics

NOW_US = 7_000_999
STREAM: dict[str, Any] = {
    "encoding": 1,
    "ssrc": 2301,
    "rtx_ssrc": 2302,
    "packets_lost": 4,
    "playout_delay_ms": 0,
    "fraction_lost": 5,
    "jitter": 9,
    "packets_discarded": 1,
    "packets_retransmitted": 7,
    "packets_repaired": 3,
    "nack_count": 2,
    "nack_packet_count": 8,
    "pli_count": 6,
    "fir_count": 10,
    "score": 9,
    "rtt_us": 18_500,
    "rtx_packets_discarded": 11,
    "packet_count": 5120,
    "byte_count": 4410233,
    "bitrate": 911200,
    "spatial_count": 1,
    "temporal_count": 3,
    "layer_bitrates": [310000, 600000, 911200] + [0] * 13,
}
COMMON = {
    "ssrc": 2301,
    "rtxSsrc": 2302,
    "kind": "video",
    "mimeType": "video/VP8",
    "packetsLost": 4,
    "fractionLost": 5,
    "jitter": 9,
    "packetsDiscarded": 1,
    "packetsRetransmitted": 7,
    "packetsRepaired": 3,
    "nackCount": 2,
    "nackPacketCount": 8,
    "pliCount": 6,
    "firCount": 10,
    "score": 9,
    "roundTripTime": 18.5,
    "packetCount": 5120,
    "byteCount": 4410233,
    "bitrate": 911200,
}


def without_timestamp(entry: dict[str, Any]) -> dict[str, Any]:
    assert entry.pop("timestamp") == NOW_US // 1000
    return entry


def test_a_received_stream() -> None:
    assert without_timestamp(statistics.received_stream(STREAM, "video", "video/VP8", "r1", NOW_US)) == {
        "type": "inbound-rtp",
        "rid": "r1",
        "rtxPacketsDiscarded": 11,
        "bitrateByLayer": {"0.0": 310000, "0.1": 600000, "0.2": 911200},
        **COMMON,
    }


def test_a_sent_stream() -> None:
    entry = without_timestamp(statistics.sent_stream(STREAM, "video", "video/VP8", NOW_US))
    assert entry == {"type": "outbound-rtp", **COMMON}


def test_bitrates_of_spatial_layers_and_of_none() -> None:
    bitrates = [1, 2, 0, 0, 3, 4] + [0] * 10
    svc = {**STREAM, "spatial_count": 2, "temporal_count": 2, "layer_bitrates": bitrates}
    entry = statistics.received_stream(svc, "video", "video/VP9", "", NOW_US)
    assert entry["bitrateByLayer"] == {"0.0": 1, "0.1": 2, "1.0": 3, "1.1": 4}
    plain = {**STREAM, "spatial_count": 0, "temporal_count": 0, "layer_bitrates": [7] + [0] * 15}
    entry = statistics.received_stream(plain, "video", "video/VP8", "", NOW_US)
    assert entry["bitrateByLayer"] == {"0.0": 7}


def test_what_is_unknown_is_left_out() -> None:
    record = {**STREAM, "rtx_ssrc": 0, "rtt_us": 0}
    entry = statistics.received_stream(record, "audio", "audio/opus", "", NOW_US)
    assert not {"rid", "rtxSsrc", "roundTripTime"} & set(entry)


TRANSPORT = {
    "bytes_received": 1,
    "recv_bitrate": 2,
    "bytes_sent": 3,
    "send_bitrate": 4,
    "rtp_bytes_received": 5,
    "rtp_recv_bitrate": 6,
    "rtp_bytes_sent": 7,
    "rtp_send_bitrate": 8,
    "rtx_bytes_received": 9,
    "rtx_recv_bitrate": 10,
    "rtx_bytes_sent": 11,
    "rtx_send_bitrate": 12,
    "probation_bytes_sent": 13,
    "probation_send_bitrate": 14,
    "available_incoming_bitrate": 15,
    "available_outgoing_bitrate": 17,
    "received_loss_permille": 16,
    "sent_loss_permille": 0,
}
TRANSPORT_ENTRY = {
    "bytesReceived": 1,
    "recvBitrate": 2,
    "bytesSent": 3,
    "sendBitrate": 4,
    "rtpBytesReceived": 5,
    "rtpRecvBitrate": 6,
    "rtpBytesSent": 7,
    "rtpSendBitrate": 8,
    "rtxBytesReceived": 9,
    "rtxRecvBitrate": 10,
    "rtxBytesSent": 11,
    "rtxSendBitrate": 12,
    "probationBytesSent": 13,
    "probationSendBitrate": 14,
}


def test_a_transport() -> None:
    assert without_timestamp(statistics.transport(TRANSPORT, NOW_US)) == {
        **TRANSPORT_ENTRY,
        "availableIncomingBitrate": 15,
        "availableOutgoingBitrate": 17,
        "rtpPacketLossReceived": 0.016,
        "rtpPacketLossSent": 0.0,
    }


def test_a_transport_of_which_little_is_known() -> None:
    record = TRANSPORT | {
        "available_incoming_bitrate": 0,
        "available_outgoing_bitrate": 0,
        "received_loss_permille": -1,
        "sent_loss_permille": -1,
    }
    assert without_timestamp(statistics.transport(record, NOW_US)) == TRANSPORT_ENTRY
