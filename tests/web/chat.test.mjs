import assert from 'node:assert/strict';
import test from 'node:test';

import { Chat, MAX_LENGTH } from '../../mediad/web/src/call/chat.js';
import './stand-ins.mjs';

function channels() {
  const sent = [];
  return { sent, open: true, send: async (text) => sent.push(text) };
}

const texts = (chat) => chat.messages.map(({ text }) => text);

test('what we write goes out once, and is shown as ours', async () => {
  const chat = new Chat();
  assert.equal(await chat.send('too early', 'Ana'), false);
  const wire = channels();
  chat.attach(wire);
  assert.equal(await chat.send('  hello \n', 'Ana'), true);
  assert.equal(await chat.send('   ', 'Ana'), false);
  assert.deepEqual(wire.sent, ['hello']);
  const [{ name, text, own }] = chat.messages;
  assert.deepEqual([name, text, own, chat.unread], ['Ana', 'hello', true, 0]);
  chat.attach(null);
  assert.equal(await chat.send('too late', 'Ana'), false);
});

test('a message that could not be sent is not shown', async () => {
  const chat = new Chat();
  chat.attach({ open: true, send: () => Promise.reject(new Error('no')) });
  await assert.rejects(chat.send('hello', 'Ana'), /no/);
  assert.deepEqual(chat.messages, []);
});

test('messages are unread until somebody reads them', () => {
  const chat = new Chat();
  const told = [];
  chat.addEventListener('message', ({ detail }) => told.push(detail.message.text));
  chat.received({ peerId: 'ben', name: 'Ben', text: 'one' });
  chat.received({ peerId: null, name: 'Bot', text: 'two' });
  assert.equal(chat.unread, 2);
  chat.reading = true;
  chat.received({ peerId: 'ben', name: 'Ben', text: 'three' });
  assert.equal(chat.unread, 0);
  chat.reading = false;
  chat.received({ peerId: 'ben', name: 'Ben', text: 'four' });
  assert.equal(chat.unread, 1);
  assert.deepEqual(told, ['one', 'two', 'three', 'four']);
});

test('neither a message nor their number grows without end', () => {
  const chat = new Chat();
  for (let index = 0; index < 600; index += 1) chat.received({ peerId: 'ben', name: 'Ben', text: `${index}` });
  assert.equal(chat.messages.length, 500);
  assert.equal(texts(chat).at(-1), '599');
  chat.received({ peerId: 'ben', name: 'Ben', text: 'x'.repeat(100_000) });
  assert.equal(texts(chat).at(-1).length, MAX_LENGTH);
});
