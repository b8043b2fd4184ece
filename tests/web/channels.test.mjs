import assert from 'node:assert/strict';
import test from 'node:test';

import { Channels, MEDIA_GRACE_MS, PICTURES_MS } from '../../mediad/web/src/call/channels.js';
import { Chat } from '../../mediad/web/src/call/chat.js';
import { Roster } from '../../mediad/web/src/call/roster.js';
import { fakeClock } from './stand-ins.mjs';

class Emitter {
  #listeners = new Map();
  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }
  emit(event, ...values) {
    for (const listener of this.#listeners.get(event) ?? []) listener(...values);
  }
}

class Channel extends Emitter {
  readyState = 'open';
  sent = [];
  closed = false;
  send(text) {
    this.sent.push(text);
  }
  close() {
    this.closed = true;
  }
}

/** A transport whose channels open when the test says so. */
class Transport extends Emitter {
  connectionState = 'new';
  closed = false;
  observer = new Emitter();
  made = [];
  wishes = [];
  gate = Promise.resolve();
  async produceData(wish) {
    return this.#make(wish);
  }
  async consumeData(wish) {
    await this.gate;
    return this.#make(wish);
  }
  connect() {
    this.connectionState = 'connected';
    this.emit('connectionstatechange', 'connected');
  }
  #make(wish) {
    const channel = new Channel();
    this.wishes.push(wish);
    this.made.push(channel);
    return channel;
  }
}

function page() {
  const [sendTransport, recvTransport, roster, chat] = [
    new Transport(),
    new Transport(),
    new Roster(),
    new Chat(),
  ];
  roster.settle([{ id: 'ben', displayName: 'Ben', device: {} }]);
  const channels = new Channels({ sendTransport, recvTransport, roster, chat });
  return { sendTransport, recvTransport, roster, chat, channels };
}

const settled = () => new Promise((done) => setImmediate(done));

test('our channel waits for the media that comes first', async (t) => {
  const pass = fakeClock(t);
  const { sendTransport, chat, channels } = page();
  const started = channels.start();
  await settled();
  assert.equal(sendTransport.made.length, 0);
  assert.equal(chat.open, false);
  sendTransport.connect();
  pass(PICTURES_MS - 1);
  await settled();
  assert.equal(sendTransport.made.length, 0);
  pass(1);
  await started;
  assert.equal(chat.open, true);
  assert.deepEqual(sendTransport.wishes, [{ label: 'chat', ordered: true, appData: { channel: 'chat' } }]);
});

test('without any media our channel waits no longer than a while', async (t) => {
  const pass = fakeClock(t);
  const { sendTransport, chat, channels } = page();
  const started = channels.start();
  pass(MEDIA_GRACE_MS - 1);
  await settled();
  assert.equal(sendTransport.made.length, 0);
  pass(1);
  await started;
  assert.equal(chat.open, true);
});

test('a session that ends meanwhile opens nothing', async () => {
  const { sendTransport, chat, channels } = page();
  const started = channels.start();
  sendTransport.closed = true;
  sendTransport.observer.emit('close');
  await started;
  assert.equal(sendTransport.made.length, 0);
  assert.equal(chat.open, false);
});

test('what begins with @bot is for the bot, on one channel of its own', async () => {
  const { sendTransport, chat, channels } = page();
  sendTransport.connect();
  await channels.start();
  await chat.send('hello', 'Ana');
  await Promise.all([chat.send('@bot are you there?', 'Ana'), chat.send('@BOT  and now?', 'Ana')]);
  const [ours, bot] = sendTransport.made;
  assert.deepEqual(ours.sent, ['hello']);
  assert.deepEqual(bot.sent, ['are you there?', 'and now?']);
  assert.equal(sendTransport.made.length, 2);
});

test('messages have the name their sender has now', async () => {
  const { recvTransport, roster, chat, channels } = page();
  recvTransport.connect();
  await channels.offered({ id: 'c1', peerId: 'ben', label: 'chat' });
  await channels.offered({ id: 'c2', peerId: null, label: 'bot' });
  recvTransport.made[0].emit('message', 'hi');
  roster.add({ id: 'ben', displayName: 'Benedict', device: {} });
  recvTransport.made[0].emit('message', 'hi again');
  recvTransport.made[0].emit('message', new ArrayBuffer(3));
  recvTransport.made[1].emit('message', 'Benedict said me: "hi"');
  assert.deepEqual(
    chat.messages.map(({ name, text }) => `${name}: ${text}`),
    ['Ben: hi', 'Benedict: hi again', 'Bot: Benedict said me: "hi"'],
  );
});

test('a channel that ends while the browser opens it is closed', async () => {
  const { recvTransport, channels } = page();
  recvTransport.connect();
  let open;
  recvTransport.gate = new Promise((done) => {
    open = done;
  });
  const offered = channels.offered({ id: 'c1', peerId: 'ben', label: 'chat' });
  channels.closed({ dataConsumerId: 'c1' });
  open();
  await offered;
  assert.equal(recvTransport.made[0].closed, true);
  await channels.offered({ id: 'c2', peerId: 'ben', label: 'chat' });
  channels.closed({ dataConsumerId: 'c2' });
  channels.closed({ dataConsumerId: 'unknown' });
  assert.equal(recvTransport.made[1].closed, true);
});

test('the chat is closed with its channel, and with the session', async () => {
  const { sendTransport, chat, channels } = page();
  sendTransport.connect();
  await channels.start();
  sendTransport.made[0].readyState = 'closed';
  sendTransport.made[0].emit('close');
  assert.equal(chat.open, false);
  const other = page();
  other.sendTransport.connect();
  await other.channels.start();
  other.channels.stop();
  assert.equal(other.chat.open, false);
});
