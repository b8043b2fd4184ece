// What a browser has and an older node lacks, and a clock that tests move by hand.

globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, { detail } = {}) {
    super(type);
    this.detail = detail;
  }
};

/** Replaces the timers for one test; `pass(ms)` runs what falls due, in order. */
export function fakeClock(t) {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const pending = new Map();
  let now = 0;
  let last = 0;
  globalThis.setTimeout = (action, ms) => {
    last += 1;
    pending.set(last, { at: now + ms, action });
    return last;
  };
  globalThis.clearTimeout = (id) => pending.delete(id);
  t.after(() => Object.assign(globalThis, real));
  return (ms) => {
    const end = now + ms;
    for (;;) {
      const due = [...pending].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (due.length === 0) break;
      const [id, { at, action }] = due[0];
      pending.delete(id);
      now = at;
      action();
    }
    now = end;
  };
}
