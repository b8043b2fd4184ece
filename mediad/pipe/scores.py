"""Scores and layers of tracks, as the worker sends them and clients get them.

A score says how well RTP packets arrive: 0 (nothing arrives) to 10 (nothing is lost).
"""

from __future__ import annotations

from mediad.pipe.messages import Message


class Layers(Message):
    """A spatial and a temporal layer, 0 the lowest; the encodings of simulcast count as spatial layers."""

    spatial_layer: int
    temporal_layer: int


class EncodingScore(Message):
    """The score of one encoding of a producer, as the worker receives it."""

    encoding_idx: int
    ssrc: int
    score: int
    rid: str = ""


class ConsumerScore(Message):
    """A consumer's own score, and those of the producer's encodings."""

    score: int
    producer_score: int
    """The score of the encoding that is forwarded, or would be."""
    producer_scores: list[int]
