"""mediactl, the operators command."""
