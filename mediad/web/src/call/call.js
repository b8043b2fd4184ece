// A call from the person's point of view: it is joined once and lasts until they leave, however often the
// network or the server below it has to start again. Local tracks and the roster live here; sessions come and
// go.

import { signalingUrl } from '../core/options.js';
import { Chat } from './chat.js';
import { LocalMedia } from './local-media.js';
import { Roster } from './roster.js';
import { Session } from './session.js';
import { SignalingLink } from './signaling.js';
import { Timeline } from './timeline.js';

/**
 * States: `idle` → `connecting` → `connected` ⇄ `recovering` (no media path at the moment) / `reconnecting`
 * (new session), and at the end `left`, `replaced` (the same peer id went on in another window), `removed` (an
 * operator's word), `refused` (not let in) or `unsupported` (this browser cannot).
 *
 * Events: `state`, `problem` (detail `{message}`).
 */
export class Call extends EventTarget {
  #options;
  #link = null;
  #session = null;
  #state = 'idle';
  identity = null;
  roomId = null;
  media;
  roster = new Roster();
  chat = new Chat();
  timeline = new Timeline();
  /** How many sessions this call has had: 1 while nothing went wrong. */
  sessionCount = 0;
  /** Connection attempts in a row that came to nothing. */
  failedAttempts = 0;
  /** Why the last attempt failed, in the server's words, or null. */
  lastError = null;
  /** Why there is no connection, or why the call has ended, in words for the person; null when it goes well. */
  trouble = null;

  constructor(options) {
    super();
    this.#options = options;
    this.media = new LocalMedia(options);
    this.media.addEventListener('problem', (event) => this.#problem(event.detail.message));
  }

  get state() {
    return this.#state;
  }

  get session() {
    return this.#session;
  }

  get options() {
    return this.#options;
  }

  /** Enters the room and stays. */
  enter({ roomId, peerId, displayName }) {
    this.roomId = roomId;
    this.identity = { peerId, displayName };
    const { consumerReplicas, token } = this.#options;
    const url = signalingUrl(window.location, { roomId, peerId, consumerReplicas, token });
    this.#link = new SignalingLink(url, {
      onRequest: (request) => this.#answer(request),
      onNotification: (notification) => this.#session?.notified(notification),
    });
    this.#link.addEventListener('open', () => this.#startSession());
    this.#link.addEventListener('lost', ({ detail }) => {
      this.failedAttempts += 1;
      this.trouble = detail.text ?? this.trouble;
      this.#endSession('reconnecting');
      this.dispatchEvent(new Event('state'));
    });
    this.#link.addEventListener('ended', ({ detail }) => {
      this.trouble = detail.text;
      this.#end(detail.state);
    });
    window.addEventListener('online', this.#onNetworkChange);
    this.#setState('connecting');
    this.#link.start();
  }

  /** Leaves for good: devices are released, and the others see us go. */
  leave() {
    this.#end('left');
  }

  request(method, data) {
    if (!this.#session) return Promise.reject(new Error('not connected'));
    return this.#session.request(method, data);
  }

  async restartIce() {
    await this.#session?.restartIce();
  }

  /** Throws the connection away and joins again, as after a network failure. */
  reconnect() {
    this.#link?.drop();
    this.#link?.retryNow();
  }

  async changeDisplayName(displayName) {
    this.identity.displayName = displayName;
    if (this.#state === 'connected') await this.request('changeDisplayName', { displayName });
  }

  /** Writes a message to everybody; returns whether it could be sent. */
  async say(text) {
    try {
      return await this.chat.send(text, this.identity.displayName);
    } catch (error) {
      this.#problem(`Your message could not be sent: ${error.message}`);
      return false;
    }
  }

  async #startSession() {
    this.#session?.close();
    const session = new Session({
      link: this.#link,
      options: this.#options,
      identity: this.identity,
      roster: this.roster,
      chat: this.chat,
      media: this.media,
      timeline: this.timeline,
    });
    this.#session = session;
    this.sessionCount += 1;
    session.addEventListener('dead', () => this.#session === session && this.#mediaDied());
    session.addEventListener('media', () => this.#session === session && this.#mediaChanged());
    session.addEventListener('problem', (event) => this.#problem(event.detail.message));
    try {
      await session.join();
      if (this.#session !== session) return;
      this.lastError = null;
      this.trouble = null;
      this.failedAttempts = 0;
      this.#setState('connected');
    } catch (error) {
      if (this.#session !== session) return;
      this.lastError = error.message;
      if (error.name === 'UnsupportedError') this.#end('unsupported');
      else if (this.#link.connected) {
        this.trouble = `The server did not let you join (${error.message}).`;
        this.#link.drop();
      }
    }
  }

  #end(state) {
    window.removeEventListener('online', this.#onNetworkChange);
    this.#link?.stop();
    this.#endSession(state);
    this.media.stop();
    this.roster.clear();
  }

  #endSession(state) {
    this.#session?.close();
    this.#session = null;
    // Before the first success a failure is still a first connection being made.
    this.#setState(state === 'reconnecting' && this.#state === 'connecting' ? 'connecting' : state);
  }

  async #answer(request) {
    if (!this.#session) throw new Error('no session');
    return this.#session.answer(request);
  }

  #mediaDied() {
    this.lastError = 'no media path to the server';
    this.trouble = 'Audio and video do not get through to the server.';
    this.#problem(`${this.trouble} A firewall may stop them (UDP). Trying again…`);
    this.#link.drop();
  }

  #mediaChanged() {
    if (this.#state === 'connected' && this.#session.recovering) this.#setState('recovering');
    else if (this.#state === 'recovering' && !this.#session.recovering) this.#setState('connected');
  }

  #onNetworkChange = () => {
    this.#link?.retryNow();
    this.restartIce();
  };

  #setState(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.dispatchEvent(new Event('state'));
  }

  #problem(message) {
    this.dispatchEvent(new CustomEvent('problem', { detail: { message } }));
  }
}
