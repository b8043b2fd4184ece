"""The operators' view of the node: status, events, metrics, webhooks."""
