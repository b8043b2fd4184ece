"""The admin socket, and the methods that mediactl may call there."""
