// The words of dialect A.

export const WORDS_A = {
  notifies: false,
  query: { consumerReplicas: 'undefined' },
  capabilities: (answer) => answer,
  transport: (direction) => ({ producing: direction === 'send', consuming: direction === 'recv' }),
  transportId: (answer) => answer.id,
  producerId: (answer) => answer.id,
  dataProducerId: (answer) => answer.id,
  peerId: (peer) => peer.id,
  newPeer: (data) => data,
  source: () => ({}),
  channel: (channel) => ({ info: `my-${channel}-DataProducer` }),
  consumer: ({ id, producerId, kind, rtpParameters, peerId, appData }) => ({
    id,
    producerId,
    kind,
    rtpParameters,
    streamId: `${peerId}-${appData.share ? 'share' : 'mic-webcam'}`,
    appData: { ...appData, peerId },
  }),
  dataConsumer: ({ id, dataProducerId, sctpStreamParameters, label, protocol, appData }) => ({
    id,
    dataProducerId,
    sctpStreamParameters,
    label,
    protocol,
    appData,
  }),
};
