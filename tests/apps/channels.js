// Long messages on data channels: made from a number, so that whoever gets one can tell whether it is whole.

const LETTERS = 'abcdefghijklmnopqrstuvwxyzäöü€🌅';

const HEAD = 16; // characters or bytes of the number

/** The message of this number: `size` bytes, or for text as many UTF-8 bytes, give or take three. */
export function message(number, size, binary) {
  if (binary) {
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 7 + number) & 0xff);
    new DataView(bytes.buffer).setUint32(0, number);
    new DataView(bytes.buffer).setUint32(4, size);
    return bytes;
  }
  const head = `${number} ${size} `.padEnd(HEAD);
  const each = new TextEncoder().encode(LETTERS).length;
  return head + LETTERS.repeat(Math.floor((size - HEAD) / each));
}

/** What a long message is: `{number, size, binary, whole}`. */
export function describe(data) {
  if (typeof data === 'string') {
    const [number, size] = data.slice(0, HEAD).split(' ').map(Number);
    return { number, size, binary: false, whole: data === message(number, size, false) };
  }
  const view = new DataView(data);
  const [number, size] = [view.getUint32(0), view.getUint32(4)];
  const made = message(number, size, true);
  const got = new Uint8Array(data);
  return { number, size, binary: true, whole: got.length === made.length && got.every((byte, i) => byte === made[i]) };
}

/** A moment in milliseconds that means the same in all tabs of one browser. */
export const nowMs = () => performance.timeOrigin + performance.now();

/** The channels of an app: those it sends on by label, and the messages it got. */
export class Channels {
  producers = new Map();
  consumers = new Map();
  /** Each `{peerId, label, text}`, or for a long one `{peerId, label, atMs, number, size, binary, whole}`. */
  messages = [];

  /** Opens a channel of this label and reliability. */
  async open(transport, label, options, appData) {
    const producer = await transport.produceData({ ...options, label, appData });
    this.producers.set(label, producer);
    if (producer.readyState !== 'open') await new Promise((resolve) => producer.once('open', resolve));
  }

  /** Sends one long message; returns when, in `nowMs`. */
  send(label, number, size, binary) {
    const data = message(number, size, binary);
    const atMs = nowMs();
    this.producers.get(label).send(data);
    return atMs;
  }

  listen(consumer, { peerId = null, label, sctpStreamParameters: stream }) {
    this.consumers.set(consumer.id, { consumer, peerId, label, stream });
    consumer.binaryType = 'arraybuffer';
    consumer.on('message', (data) => {
      const atMs = nowMs();
      const long = typeof data !== 'string' || data.length >= 1000;
      this.messages.push({ peerId, label, ...(long ? { atMs, ...describe(data) } : { text: data }) });
    });
  }

  /** The channels to us, closed ones too, each `{id, peerId, label, stream, readyState}`. */
  heard() {
    return [...this.consumers.values()].map(({ consumer, peerId, label, stream }) => ({
      id: consumer.id,
      peerId,
      label,
      stream,
      readyState: consumer.readyState,
    }));
  }

  closed({ dataConsumerId }) {
    this.consumers.get(dataConsumerId)?.consumer.close();
  }
}
