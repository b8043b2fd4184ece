"""The rules of a call: rooms and peers, without any dialect."""
