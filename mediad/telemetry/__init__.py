"""News for operators: the feed of events, webhooks, and the numbers behind /metrics."""
