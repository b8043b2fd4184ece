// The WebSocket to the server: one protoo peer per connection, dialled again for as long as the call lasts.
//
// protoo-client can retry by itself, but it redials without any pause after a connection it once had, gives
// up after ten failures, and leaves the requests of a lost socket waiting for their timeout. So each peer
// here gets one attempt, and the waits come from RetryPolicy.

import protoo from 'protoo-client';

import { explainClose } from '../core/closings.js';
import { RetryPolicy } from '../core/retry.js';

const DIAL_TIMEOUT_MS = 10_000;

/** protoo-client keeps code and reason of a close to itself: `hear` is told of them before it is. */
function tapClose(transport, hear) {
  const socket = transport._ws;
  const { onclose } = socket;
  socket.onclose = (event) => {
    hear(event);
    onclose.call(socket, event);
  };
}

/**
 * Events: `open` (a fresh socket: join from the start), `lost` (another attempt will follow) and `ended` (none
 * will). The last two have the detail `{text}`, and `ended` also `{state}`, as core/closings.js has them.
 */
export class SignalingLink extends EventTarget {
  #url;
  #handlers;
  #policy = new RetryPolicy();
  #peer = null;
  #timer = null;
  #close = null;
  #openedAt = 0;
  #stopped = true;

  /** @param {{onRequest: (request) => Promise<object>, onNotification: (notification) => void}} handlers */
  constructor(url, handlers) {
    super();
    this.#url = url;
    this.#handlers = handlers;
  }

  get connected() {
    return this.#peer?.connected ?? false;
  }

  start() {
    this.#stopped = false;
    this.#dial();
  }

  /** Hangs up for good. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#discardPeer();
  }

  /** Sends one request; rejects with `.code` for an error reply, and at once when the socket goes. */
  async request(method, data) {
    const peer = this.#peer;
    if (!peer?.connected) throw new Error('not connected');
    try {
      return await peer.request(method, data);
    } catch (error) {
      // An answer that never comes means a path that swallows packets: only a new socket helps.
      if (error.message === 'request timeout') this.#lose(peer);
      throw error;
    }
  }

  /** Gives up the present socket and dials a new one. */
  drop() {
    if (this.#peer) this.#lose(this.#peer);
  }

  /** Does not wait any longer, when a wait is on: the network has just come back, or a person asked. */
  retryNow() {
    if (this.#stopped || this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#dial();
  }

  #dial() {
    this.#timer = null;
    const transport = new protoo.WebSocketTransport(this.#url, { retry: { retries: 0 } });
    const peer = new protoo.Peer(transport);
    this.#peer = peer;
    this.#close = null;
    const isCurrent = () => this.#peer === peer;
    let opened = false;
    const hear = ({ code, reason }) => {
      if (isCurrent()) this.#close = { code, reason, opened, online: navigator.onLine };
    };
    tapClose(transport, hear);
    const deadline = setTimeout(() => {
      hear({ code: 0, reason: '' });
      if (isCurrent()) this.#lose(peer);
    }, DIAL_TIMEOUT_MS);
    peer.on('open', () => {
      clearTimeout(deadline);
      if (!isCurrent()) return;
      opened = true;
      this.#openedAt = performance.now();
      this.dispatchEvent(new Event('open'));
    });
    peer.on('failed', () => isCurrent() && this.#lose(peer));
    peer.on('disconnected', () => isCurrent() && this.#lose(peer));
    // What is left is the one close code that forbids another attempt.
    peer.on('close', () => isCurrent() && this.#end({ state: 'replaced', text: null, ...this.#final() }));
    peer.on('request', (request, accept, reject) => {
      if (!isCurrent()) return;
      this.#handlers.onRequest(request).then(accept, (error) => reject(error.code ?? 500, error.message));
    });
    peer.on('notification', (notification) => isCurrent() && this.#handlers.onNotification(notification));
  }

  #lose(peer) {
    if (this.#peer !== peer) return;
    const final = this.#final();
    if (final) {
      this.#end(final);
      return;
    }
    this.#discardPeer();
    if (this.#openedAt) this.#policy.lasted(performance.now() - this.#openedAt);
    this.#openedAt = 0;
    this.#timer = setTimeout(() => this.#dial(), this.#policy.nextWaitMs());
    const text = this.#close ? explainClose(this.#close).text : null;
    this.dispatchEvent(new CustomEvent('lost', { detail: { text } }));
  }

  /** How the call ends, when the server's last word on this connection ends it. */
  #final() {
    if (!this.#close) return null;
    const { final, text } = explainClose(this.#close);
    return final && { state: final, text };
  }

  #end(detail) {
    this.stop();
    this.dispatchEvent(new CustomEvent('ended', { detail }));
  }

  #discardPeer() {
    const peer = this.#peer;
    this.#peer = null;
    peer?.close();
  }
}
