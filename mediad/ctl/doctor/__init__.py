"""mediactl doctor: facts are gathered, then judged by pure functions."""
