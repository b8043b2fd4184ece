"""The settings: defaults and meanings, the sources of values, and the values in force."""
