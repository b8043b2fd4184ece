// What is wrong with a microphone, a camera or a screen, in words: what happened, what the others miss for it,
// and what to do.

const NAME = { mic: 'microphone', webcam: 'camera', share: 'screen' };
const MISSED = { mic: 'hear you', webcam: 'see you', share: 'see your screen' };

const both = (sources, table) => sources.map((source) => table[source]).join(' and ');

/** `Others cannot hear you and see you.` */
const consequence = (sources) =>
  sources.length > 1 ? 'Others cannot hear or see you.' : `Others cannot ${both(sources, MISSED)}.`;

/** The same cause for several devices is told once. */
export function explainDevices(problems) {
  const groups = new Map();
  for (const { source, error } of problems) {
    const cause = causeOf(error);
    groups.set(cause, [...(groups.get(cause) ?? []), source]);
  }
  return [...groups].map(([cause, sources]) => sentence(cause, sources)).join(' ');
}

/** A device that worked, and has gone. */
export function explainLoss(source) {
  return `Your ${NAME[source]} has stopped: it was unplugged, or the browser took it away. ${consequence([source])} Turn it on here again.`;
}

function causeOf(error) {
  const text = error?.message ?? String(error);
  switch (error?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return /by system|system denied/i.test(text) ? 'system' : 'permission';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    case 'InsecureContext':
      return 'insecure';
    default:
      return text;
  }
}

function sentence(cause, sources) {
  const what = both(sources, NAME);
  const them = sources.length > 1 ? 'them' : 'it';
  const missed = consequence(sources);
  switch (cause) {
    case 'permission':
      return `The browser may not use your ${what}. ${missed} Allow ${them} next to the address bar, then turn ${them} on here.`;
    case 'system':
      return `Your system does not let the browser use your ${what}. ${missed} Allow ${them} in the privacy settings of the system, then turn ${them} on here.`;
    case 'missing':
      return `No ${sources.map((source) => NAME[source]).join(' and no ')} was found. ${missed} Plug one in, then turn it on here.`;
    case 'busy':
      return `Your ${what} cannot be used: another program has ${them}, or ${them === 'it' ? 'it does' : 'they do'} not answer. ${missed} Close that program, then turn ${them} on here.`;
    case 'insecure':
      return `Browsers give out the ${what} only over https:// or on localhost. ${missed} Open this page over https://.`;
    default:
      return `Your ${what} could not be started (${cause}). ${missed}`;
  }
}
