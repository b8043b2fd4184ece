// Friendly names for rooms and people who did not choose one, initials and colours for faces not shown.

const QUALITIES = [
  ...['amber', 'brave', 'calm', 'clever', 'cosy', 'eager', 'early', 'fair', 'gentle', 'happy', 'kind', 'lively'],
  ...['lucky', 'mellow', 'merry', 'nimble', 'plain', 'proud', 'quiet', 'quick', 'ready', 'silver', 'swift', 'wise'],
];
const ANIMALS = [
  ...['badger', 'beaver', 'crane', 'dolphin', 'falcon', 'finch', 'fox', 'gecko', 'heron', 'ibis', 'jay', 'koala'],
  ...['lark', 'lynx', 'magpie', 'marten', 'otter', 'panda', 'puffin', 'raven', 'robin', 'seal', 'stork', 'wren'],
];

const pick = (list) => list[Math.floor(Math.random() * list.length)];

export const randomRoomId = () =>
  `${pick(QUALITIES)}-${pick(ANIMALS)}-${10 + Math.floor(Math.random() * 90)}`;

export function randomDisplayName() {
  const capital = (word) => word[0].toUpperCase() + word.slice(1);
  return `${capital(pick(QUALITIES))} ${capital(pick(ANIMALS))}`;
}

/** Eight lower-case letters and digits, new on each page load and kept over reconnections. */
export function randomPeerId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('');
}

/** One or two letters to stand for a face. */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return '?';
  const first = (word) => Array.from(word)[0].toUpperCase();
  return words.length === 1 ? first(words[0]) : first(words[0]) + first(words[words.length - 1]);
}

/** A hue in degrees that stays the same for the same id. */
export function hueOf(id) {
  let hash = 2166136261;
  for (const character of id) hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  return ((hash >>> 8) % 24) * 15;
}
