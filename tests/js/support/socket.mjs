// A WebSocket whose other end is the test.

/** @typedef {import("../../../static/js/wire/messages.js").ConsoleMessage} ConsoleMessage */
/** @typedef {import("../../../static/js/wire/messages.js").ListenMessage} ListenMessage */
/** @typedef {import("../../../static/js/wire/messages.js").ListenerMessage} ListenerMessage */

export class FakeSocket {
  /** Every socket that a test's page opened. @type {FakeSocket[]} */
  static opened = [];
  /** @type {ListenerMessage[]} */
  sent = [];
  closedByUs = false;
  binaryType = "blob";
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {((event: {data: string | ArrayBuffer}) => void) | null} */
  onmessage = null;
  /** @type {((event: {code: number, reason: string}) => void) | null} */
  onclose = null;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    FakeSocket.opened.push(this);
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closedByUs = true;
  }

  /** Let the page in. */
  accept() {
    this.onopen?.();
  }

  /** @param {ConsoleMessage | ListenMessage} message from the server */
  say(message) {
    this.receive(JSON.stringify(message));
  }

  /** @param {string | ArrayBuffer} data as it comes from the wire */
  receive(data) {
    this.onmessage?.({ data });
  }

  /** @param {number} code the server's, for its end of the connection */
  end(code) {
    this.onclose?.({ code, reason: "" });
  }

  /** The position that the page acknowledged last, −1 before any. */
  get acked() {
    return this.sent.findLast(isAck)?.position ?? -1;
  }
}

/**
 * @param {ListenerMessage} message
 * @returns {message is import("../../../static/js/wire/messages.js").Ack}
 */
function isAck(message) {
  return message.type === "ack";
}
