"""The admin socket, and each method that mediactl may ask for there."""
