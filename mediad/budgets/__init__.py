"""Limits with names, token buckets in bounded memory, and refusals that say which limit was met."""
