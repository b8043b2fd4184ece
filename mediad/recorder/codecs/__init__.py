"""Packets to frames, codec by codec, as pure functions of the packets."""
