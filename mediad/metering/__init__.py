"""Measuring what runs: histograms, and how late an event loop is."""
