"""What operators see of the node without asking for it: status, events, metrics, webhooks."""
