"""Statistics of one transport, and of one stream, as events carry them to Python. Bitrates in bit/s."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from mediad._fastpath.stream.layer_rates cimport RATED_CHOICES

ctypedef struct TransportStats:
    uint64_t bytes_received
    uint64_t recv_bitrate
    uint64_t bytes_sent
    uint64_t send_bitrate
    uint64_t rtp_bytes_received
    uint64_t rtp_recv_bitrate
    uint64_t rtp_bytes_sent
    uint64_t rtp_send_bitrate
    uint64_t rtx_bytes_received
    uint64_t rtx_recv_bitrate
    uint64_t rtx_bytes_sent
    uint64_t rtx_send_bitrate
    uint64_t probation_bytes_sent
    uint64_t probation_send_bitrate
    uint64_t available_incoming_bitrate    # what REMB announces; 0 = none
    uint64_t available_outgoing_bitrate    # the estimate; 0 = the peer reports nothing
    int32_t received_loss_permille         # -1 = unknown
    int32_t sent_loss_permille

ctypedef struct StreamStats:
    int32_t encoding               # -1 = none
    uint32_t ssrc
    uint32_t rtx_ssrc
    int64_t packets_lost
    uint32_t fraction_lost
    uint32_t playout_delay_ms      # asked of the receiver
    uint32_t jitter
    uint64_t packets_discarded
    uint64_t packets_retransmitted
    uint64_t packets_repaired
    uint64_t nack_count
    uint64_t nack_packet_count
    uint64_t pli_count
    uint64_t fir_count
    uint32_t score
    uint64_t rtt_us
    uint64_t rtx_packets_discarded
    uint64_t packet_count
    uint64_t byte_count
    uint64_t bitrate
    uint32_t active
    uint32_t spatial_count         # rated layers of each kind; 0 = the stream tells of none
    uint32_t temporal_count
    uint32_t layer_bitrates[RATED_CHOICES]
