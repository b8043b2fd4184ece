"""The messages of each kind of client app, turned into what a room is asked."""
