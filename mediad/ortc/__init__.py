"""Negotiation of codecs and RTP parameters, as pure functions."""
