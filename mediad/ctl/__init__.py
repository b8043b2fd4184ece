"""mediactl, the operators' command."""
