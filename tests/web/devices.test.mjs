import assert from 'node:assert/strict';
import test from 'node:test';

import { explainDevices, explainLoss } from '../../mediad/web/src/core/devices.js';

const problem = (source, name, message = '') => ({ source, error: Object.assign(new Error(message), { name }) });

test('one cause for both devices is told once, and forgets neither', () => {
  assert.equal(
    explainDevices([problem('mic', 'NotAllowedError'), problem('webcam', 'NotAllowedError')]),
    'The browser may not use your microphone and camera. Others cannot hear or see you. ' +
      'Allow them next to the address bar, then turn them on here.',
  );
  assert.match(
    explainDevices([problem('mic', 'NotFoundError'), problem('webcam', 'NotFoundError')]),
    /^No microphone and no camera was found\. Others cannot hear or see you\./,
  );
});

test('two causes are two sentences', () => {
  const text = explainDevices([problem('mic', 'NotFoundError'), problem('webcam', 'NotReadableError')]);
  assert.match(text, /No microphone was found\. Others cannot hear you\./);
  assert.match(text, /Your camera cannot be used: another program has it, or it does not answer\./);
});

test('each cause says what the others miss and what to do', () => {
  const causes = ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'InsecureContext'];
  for (const source of ['mic', 'webcam']) {
    for (const name of causes) {
      const text = explainDevices([problem(source, name)]);
      assert.match(text, source === 'mic' ? /cannot hear you/ : /cannot see you/, text);
      assert.match(text, /Allow|Plug|Close|Open/, text);
    }
  }
  assert.match(
    explainDevices([problem('webcam', 'NotAllowedError', 'Permission denied by system')]),
    /privacy settings of the system/,
  );
  assert.match(explainDevices([problem('mic', 'TypeError', 'odd')]), /could not be started \(odd\)/);
});

test('a device that goes away during the call is missed', () => {
  assert.match(explainLoss('mic'), /^Your microphone has stopped: .* Others cannot hear you\. Turn it on here again\.$/);
});
