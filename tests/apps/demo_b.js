// Dialect B, with the mediasoup-client that the page has.

import * as mediasoup from 'mediasoup-client';

import { offer } from './app.js';

offer(mediasoup, {
  notifies: true,
  query: { consumerReplicas: 'undefined', usePipeTransports: 'false' },
  begin: (app) => app.request('getRtcStatsUrl'),
  capabilities: (answer) => answer.routerRtpCapabilities,
  transport: (direction) => ({ appData: { direction: direction === 'send' ? 'producer' : 'consumer' } }),
  transportId: (answer) => answer.transportId,
  producerId: (answer) => answer.producerId,
  dataProducerId: (answer) => answer.dataProducerId,
  peerId: (peer) => peer.peerId,
  newPeer: (data) => data.peer,
  source: (kind) => ({ source: kind }),
  channel: (channel) => ({ channel }),
  consumer: ({ consumerId, producerId, kind, rtpParameters, peerId, appData }) => ({
    id: consumerId,
    producerId,
    kind,
    rtpParameters,
    streamId: `${peerId}-${appData.source === 'screensharing' ? 'screensharing' : 'audio-video'}`,
    appData,
  }),
  dataConsumer: ({ dataConsumerId, dataProducerId, sctpStreamParameters, label, protocol, appData }) => ({
    id: dataConsumerId,
    dataProducerId,
    sctpStreamParameters,
    label,
    protocol,
    appData,
  }),
});
