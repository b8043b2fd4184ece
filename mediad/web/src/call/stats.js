// getStats() boiled down to what tells whether a stream is healthy. Names are those of the W3C statistics.

const INBOUND = [
  'packetsReceived',
  'packetsLost',
  'packetsDiscarded',
  'bytesReceived',
  'retransmittedPacketsReceived',
  'jitter',
  'nackCount',
  'pliCount',
  'firCount',
  'framesReceived',
  'framesDecoded',
  'framesDropped',
  'keyFramesDecoded',
  'framesPerSecond',
  'frameWidth',
  'frameHeight',
  'freezeCount',
  'totalFreezesDuration',
  'totalDecodeTime',
  'audioLevel',
  'totalAudioEnergy',
  'totalSamplesReceived',
  'totalSamplesDuration',
  'concealedSamples',
  'silentConcealedSamples',
  'concealmentEvents',
  'jitterBufferDelay',
  'jitterBufferEmittedCount',
];

const OUTBOUND = [
  'rid',
  'ssrc',
  'active',
  'packetsSent',
  'bytesSent',
  'retransmittedPacketsSent',
  'nackCount',
  'pliCount',
  'firCount',
  'framesEncoded',
  'keyFramesEncoded',
  'framesPerSecond',
  'frameWidth',
  'frameHeight',
  'targetBitrate',
  'qualityLimitationReason',
  'scalabilityMode',
];

const PAIR = [
  'state',
  'currentRoundTripTime',
  'availableOutgoingBitrate',
  'availableIncomingBitrate',
  'bytesSent',
  'bytesReceived',
];

/** Copies the named members that exist. */
function select(entry, names) {
  return Object.fromEntries(
    names.filter((name) => entry[name] !== undefined).map((name) => [name, entry[name]]),
  );
}

const ofType = (report, type) => [...report.values()].filter((entry) => entry.type === type);

/** One flat object from a receiver's report, with the codec's MIME type. */
export function summarizeInbound(report) {
  const [inbound] = ofType(report, 'inbound-rtp');
  if (!inbound) return {};
  return { ...select(inbound, INBOUND), mimeType: report.get(inbound.codecId)?.mimeType };
}

/** One object per encoding from a sender's report, smallest picture first. */
export function summarizeOutbound(report) {
  return ofType(report, 'outbound-rtp')
    .map((entry) => ({ ...select(entry, OUTBOUND), mimeType: report.get(entry.codecId)?.mimeType }))
    .sort((one, other) => (one.rid ?? '').localeCompare(other.rid ?? ''));
}

/** The selected candidate pair and the states of a transport. */
export function summarizeTransport(report) {
  const [transport] = ofType(report, 'transport');
  const pair = report.get(transport?.selectedCandidatePairId);
  if (!pair) return { dtlsState: transport?.dtlsState };
  const local = report.get(pair.localCandidateId);
  const remote = report.get(pair.remoteCandidateId);
  return {
    dtlsState: transport.dtlsState,
    srtpCipher: transport.srtpCipher,
    iceLocalUsernameFragment: transport.iceLocalUsernameFragment,
    pair: select(pair, PAIR),
    local: local && select(local, ['protocol', 'candidateType']),
    remote: remote && select(remote, ['protocol', 'address', 'port', 'usernameFragment']),
  };
}
