"""The verbs of mediactl, by subject."""
