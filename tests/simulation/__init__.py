"""Whole calls in fake time: the engine and the worker's objects as they are, clients and links modelled."""
