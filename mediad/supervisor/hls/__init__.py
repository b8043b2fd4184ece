"""HLS: rooms shown to people who watch without joining: from a recorder process to the HTTP API."""
