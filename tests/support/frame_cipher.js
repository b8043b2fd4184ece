// Encrypts what a page sends and decrypts what it receives, frame by frame, in a worker (RTCRtpScriptTransform).
// `CLEAR` is replaced by the bytes of each kind of frame that stay as they are.
const source = `
  const CLEAR = CLEAR_BYTES;
  let number = 0;
  onmessage = () => postMessage(number);
  const clearBytes = (frame) => CLEAR[frame.type ?? 'audio'] ?? 0;
  function pass(data, from, salt) {
    const bytes = new Uint8Array(data);
    for (let i = from; i < bytes.length - 4; i++) bytes[i] ^= (0x5a + i * 31 + salt * 17) & 0xff;
    return bytes;
  }
  onrtctransform = ({ transformer }) => {
    const encrypts = transformer.options.encrypts;
    transformer.readable.pipeThrough(new TransformStream({
      transform(frame, controller) {
        const from = clearBytes(frame);
        if (encrypts) {
          const grown = new Uint8Array(frame.data.byteLength + 4);
          grown.set(new Uint8Array(frame.data));
          grown[grown.length - 1] = number & 0xff;
          frame.data = pass(grown.buffer, from, number & 0xff).buffer;
        } else {
          const bytes = new Uint8Array(frame.data);
          frame.data = pass(frame.data, from, bytes[bytes.length - 1]).buffer.slice(0, bytes.length - 4);
        }
        number++;
        controller.enqueue(frame);
      },
    })).pipeTo(transformer.writable);
  };`;

const cipher = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
window.framesPassed = () => new Promise((resolve) => {
  cipher.onmessage = ({ data }) => resolve(data);
  cipher.postMessage('how many');
});
const addTransceiver = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (...args) {
  const transceiver = addTransceiver.apply(this, args);
  transceiver.sender.transform = new RTCRtpScriptTransform(cipher, { encrypts: true });
  return transceiver;
};
const Native = RTCPeerConnection;
window.RTCPeerConnection = class extends Native {
  constructor(...args) {
    super(...args);
    this.addEventListener('track', ({ receiver }) => {
      receiver.transform = new RTCRtpScriptTransform(cipher, { encrypts: false });
    });
  }
};
