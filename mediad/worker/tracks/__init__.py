"""What a client sends and receives: producers, consumers, and how they are made."""
