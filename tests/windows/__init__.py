"""Test windows: Python access to native functions and structs, built and imported for tests only."""
