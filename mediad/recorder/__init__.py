"""The recorder process: RTP of one plain transport in, files out. It never decodes."""
