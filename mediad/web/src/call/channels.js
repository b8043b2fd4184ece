// The data channels of a session: the one we write on, and those on which the others and the bot write to us.
//
// A text that begins with `@bot ` goes to the server's bot instead, on a channel of its own; the bot answers to
// everybody.

const TO_BOT = /^@bot\s+/i;

/** So long channels wait for media that may never come. */
export const MEDIA_GRACE_MS = 800;

/** So long they wait for the first pictures on a transport that has just been connected. */
export const PICTURES_MS = 300;

export class Channels {
  #sendTransport;
  #recvTransport;
  #roster;
  #chat;
  #ours = null; // the data producer that everybody hears
  #toBot = null; // a promise of the one that the bot hears
  #consumers = new Map();
  #offers = new Map(); // offers that the browser is still busy with

  /** Either transport is null when the link says to send or to receive nothing. */
  constructor({ sendTransport, recvTransport, roster, chat }) {
    this.#sendTransport = sendTransport;
    this.#recvTransport = recvTransport;
    this.#roster = roster;
    this.#chat = chat;
  }

  get open() {
    return this.#ours?.readyState === 'open';
  }

  /** Opens our channel. */
  async start() {
    const transport = this.#sendTransport;
    if (!transport || !(await mediaFirst(transport))) return;
    this.#ours = await this.#produce('chat');
    this.#ours.on('close', () => this.#chat.attach(null));
    this.#chat.attach(this);
  }

  stop() {
    this.#chat.attach(null);
  }

  async send(text) {
    if (!TO_BOT.test(text)) {
      this.#ours.send(text);
      return;
    }
    this.#toBot ??= this.#produce('bot');
    (await this.#toBot).send(text.replace(TO_BOT, ''));
  }

  /** Server request `newDataConsumer`: resolves when we can hear what is said there. */
  async offered({ id, dataProducerId, sctpStreamParameters, label, protocol, peerId }) {
    const offer = { closed: false };
    this.#offers.set(id, offer);
    await mediaFirst(this.#recvTransport);
    const wanted = { id, dataProducerId, sctpStreamParameters, label, protocol };
    const consumer = await this.#recvTransport.consumeData(wanted).finally(() => this.#offers.delete(id));
    if (offer.closed) {
      consumer.close();
      return;
    }
    this.#consumers.set(id, consumer);
    consumer.on('message', (data) => this.#heard(peerId, data));
    consumer.on('close', () => this.#consumers.delete(id));
  }

  closed({ dataConsumerId }) {
    const offer = this.#offers.get(dataConsumerId);
    if (offer) offer.closed = true;
    this.#consumers.get(dataConsumerId)?.close();
    this.#consumers.delete(dataConsumerId);
  }

  #heard(peerId, data) {
    if (typeof data !== 'string' || !data) return;
    const name = peerId === null ? 'Bot' : (this.#roster.peer(peerId)?.displayName ?? peerId);
    this.#chat.received({ peerId, name, text: data });
  }

  async #produce(label) {
    // Reliable and in order: a chat that loses words is none.
    const options = { label, ordered: true, appData: { channel: label } };
    const producer = await this.#sendTransport.produceData(options);
    if (producer.readyState !== 'open') await new Promise((done) => producer.on('open', done));
    return producer;
  }
}

/**
 * Waits until the first pictures should be there, so that none of them waits for a channel, or for a while when
 * there is no media to connect the transport. Resolves with whether the transport is still there.
 */
async function mediaFirst(transport) {
  if (transport.connectionState !== 'connected') {
    await new Promise((done) => {
      const look = () => {
        if (transport.closed) done();
        else if (transport.connectionState === 'connected') setTimeout(done, PICTURES_MS);
      };
      transport.on('connectionstatechange', look);
      transport.observer.on('close', look);
      setTimeout(done, MEDIA_GRACE_MS);
    });
  }
  return !transport.closed;
}
