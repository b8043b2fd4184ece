// What is received: a growing number for each track, of frames or of samples that were not made up.

/** `received` are pairs of a consumer and the data by which it was offered. */
export async function progressOf(received) {
  const found = [];
  for (const { consumer, data } of received) {
    const report = [...(await consumer.rtpReceiver.getStats()).values()].find(({ type }) => type === 'inbound-rtp');
    const samples = (report?.totalSamplesReceived ?? 0) - (report?.concealedSamples ?? 0);
    const done = data.kind === 'video' ? (report?.framesDecoded ?? 0) : samples;
    found.push({ id: consumer.id, peerId: data.peerId, kind: data.kind, appData: data.appData, done });
  }
  return found;
}

/** Plays a consumer's track, without which a browser does not decode it. */
export function play(consumer) {
  const element = document.createElement(consumer.kind);
  Object.assign(element, { srcObject: new MediaStream([consumer.track]), autoplay: true, muted: true });
  document.documentElement.append(element);
  return element;
}

export function camera() {
  return navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240, frameRate: 15 } });
}
