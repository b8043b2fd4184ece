"""What operators are told: the feed of events, webhooks, and the numbers behind /metrics."""
