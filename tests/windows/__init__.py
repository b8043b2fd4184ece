"""The tests' windows into the native code: built for tests only, imported by tests only."""
