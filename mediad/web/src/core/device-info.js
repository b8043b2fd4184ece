// What this browser is called, as `join` wants to know it.

const BY_USER_AGENT = [
  ['firefox', 'Firefox', /Firefox\/([\d.]+)/],
  ['edge', 'Edge', /Edg\/([\d.]+)/],
  ['opera', 'Opera', /OPR\/([\d.]+)/],
  ['chrome', 'Chrome', /(?:Chrome|CriOS)\/([\d.]+)/],
  ['safari', 'Safari', /Version\/([\d.]+).*Safari/],
];

/** @returns {{flag: string, name: string, version: string}} */
export function deviceInfo(userAgent) {
  for (const [flag, name, pattern] of BY_USER_AGENT) {
    const match = pattern.exec(userAgent);
    if (match) return { flag, name, version: match[1] };
  }
  return { flag: 'unknown', name: 'Unknown', version: '' };
}
