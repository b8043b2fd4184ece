"""Protocol cores without I/O: time and bytes are arguments."""
