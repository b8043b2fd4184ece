"""RTP and RTCP as the recorder needs them: packets read, put in order, reported on."""
