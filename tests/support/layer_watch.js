// Runs before the page's own scripts: `layerWatch` sees each decoded frame of the one received picture, and asks the
// browser's own statistics, beside what window.mediad tells.
(() => {
  const connections = [];
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...parameters) {
      super(...parameters);
      connections.push(this);
    }
  };

  const frames = []; // {width, atMs} of each decoded one
  let wanted = null; // who waits for a likeness

  const receiver = () =>
    connections
      .flatMap((connection) => connection.getReceivers())
      .find(({ track }) => track.kind === 'video' && track.readyState === 'live');
  const sender = () =>
    connections
      .flatMap((connection) => connection.getSenders())
      .find(({ track }) => track?.kind === 'video');
  const entries = async (source, type) =>
    [...(await source.getStats()).values()].filter((entry) => entry.type === type);
  const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // -- a camera whose pictures are known -------------------------------------------------------------------------

  const BITS = 8;
  const SMALL = { width: 64, height: 36 };

  /** Picture `number`: grey blocks that move to the left, and above them the number, a bit a cell. */
  function paint(pen, { width, height }, number) {
    const cell = width / BITS;
    for (let column = 0; column <= BITS; column += 1) {
      for (let row = 1; row < 6; row += 1) {
        const place = column + Math.floor(number / 32);
        pen.fillStyle = `hsl(0 0% ${15 + 10 * ((place * 5 + row * 3) % 8)}%)`;
        pen.fillRect((column - (number % 32) / 32) * cell, (row * height) / 6, cell + 1, height / 6 + 1);
      }
    }
    for (let bit = 0; bit < BITS; bit += 1) {
      pen.fillStyle = (number >> bit) & 1 ? 'white' : 'black';
      pen.fillRect(bit * cell, 0, cell + 1, height / 6);
    }
  }

  function paintedStream(size, frameRate) {
    const canvas = Object.assign(document.createElement('canvas'), size);
    const pen = canvas.getContext('2d');
    let number = 0;
    setInterval(() => {
      number = (number + 1) % 2 ** BITS;
      paint(pen, size, number);
    }, 1000 / frameRate);
    return canvas.captureStream();
  }

  const realCamera = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (!wish.video) return realCamera(wish);
    const { width, height, frameRate } = wish.video;
    return paintedStream({ width: width.ideal, height: height.ideal }, frameRate.ideal);
  };
  navigator.mediaDevices.getDisplayMedia = async () => {
    const stream = paintedStream({ width: 960, height: 540 }, 10);
    stream.getVideoTracks()[0].contentHint = 'detail'; // what makes libwebrtc encode it as a screen
    return stream;
  };

  /** The luma of what `draw` puts on a small canvas. */
  function luma(draw) {
    const pen = new OffscreenCanvas(SMALL.width, SMALL.height).getContext('2d');
    draw(pen);
    const { data } = pen.getImageData(0, 0, SMALL.width, SMALL.height);
    return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] + data[4 * i + 1] + data[4 * i + 2]);
  }

  /** Correlation of a decoded frame with the picture that its own number says it is: 1 = the same but for brightness. */
  function likeness(frame) {
    const seen = luma((pen) => pen.drawImage(frame, 0, 0, SMALL.width, SMALL.height));
    const cell = SMALL.width / BITS;
    let number = 0;
    for (let bit = 0; bit < BITS; bit += 1) {
      if (seen[2 * SMALL.width + (bit + 0.5) * cell] > 1.5 * 255) number |= 1 << bit;
    }
    const sent = luma((pen) => paint(pen, SMALL, number));
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [seenMean, sentMean] = [mean(seen), mean(sent)];
    const product = mean(seen.map((value, i) => (value - seenMean) * (sent[i] - sentMean)));
    const spread = (values, middle) => Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
    return product / (spread(seen, seenMean) * spread(sent, sentMean) || 1);
  }

  // -- what is received ----------------------------------------------------------------------------------------------

  async function watch(track) {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      frames.push({ width: frame.displayWidth, atMs: performance.now() });
      wanted?.(likeness(frame));
      wanted = null;
      frame.close();
    }
  }

  /** Asks for layers; says after how many ms the server told of them, and a frame of that width was there. */
  async function change({ consumerId, spatialLayer, temporalLayer, width, deadlineMs }) {
    const atMs = performance.now();
    const first = frames.length;
    const result = { toldMs: null, shownMs: null };
    await mediad.setPreferredLayers(consumerId, spatialLayer, temporalLayer);
    while (performance.now() < atMs + deadlineMs && (result.toldMs === null || result.shownMs === null)) {
      const { layers } = mediad.consumers.find(({ id }) => id === consumerId);
      if (layers?.spatialLayer === spatialLayer && layers.temporalLayer === temporalLayer) {
        result.toldMs ??= performance.now() - atMs;
      }
      const shown = frames.slice(first).find((frame) => frame.width === width);
      if (shown) result.shownMs ??= shown.atMs - atMs;
      await later(2);
    }
    return result;
  }

  window.layerWatch = {
    change,
    /** Without this a busy machine's camera shrinks, and a layer's width says nothing any more. */
    async keepSize() {
      const parameters = sender().getParameters();
      parameters.degradationPreference = 'maintain-resolution';
      await sender().setParameters(parameters);
    },
    watchReceived: () => void watch(receiver().track),
    received: async () => (await entries(receiver(), 'inbound-rtp'))[0],
    sent: async () =>
      (await entries(sender(), 'outbound-rtp')).sort((one, other) =>
        (one.rid ?? '').localeCompare(other.rid ?? ''),
      ),
    width: () => frames.at(-1)?.width,
    /** Of the next decoded frame. */
    likeness: () =>
      new Promise((resolve) => {
        wanted = resolve;
      }),
  };
})();
