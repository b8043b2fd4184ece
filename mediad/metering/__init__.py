"""Measurements of the running process: histograms, and the lag of an event loop."""
