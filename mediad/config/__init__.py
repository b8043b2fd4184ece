"""Every setting: its default and meaning, where values come from, and which are in force."""
