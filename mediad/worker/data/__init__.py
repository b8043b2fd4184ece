"""Data channels: the SCTP of transports, data producers and data consumers."""
