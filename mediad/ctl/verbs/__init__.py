"""The verbs of mediactl, by what they are about."""
