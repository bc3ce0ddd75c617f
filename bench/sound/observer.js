// Runs in the page before its own scripts, and notes what the table needs: each Frame that arrives,
// each report of a player, and each second what a deck shows. All times are Unix ms, by the clock
// that the sender and the recording are timed with.
window.observed = { frames: [], reports: [], shown: [] };
const { frames, reports, shown } = window.observed;

const RealSocket = window.WebSocket;
window.WebSocket = class extends RealSocket {
  constructor(url, ...rest) {
    super(url, ...rest);
    const tap = new URL(url, location.href).pathname.match(/^\/listen\/(.*)$/)?.[1];
    if (tap) this.addEventListener("message", ({ data }) => this.#note(tap, data));
  }

  #note(tap, data) {
    if (!(data instanceof ArrayBuffer)) return;
    const header = new DataView(data);
    frames.push([
      tap,
      Date.now(),
      Number(header.getBigUint64(8, true)) / 1000, // received_at
      header.getUint32(4, true), // position
      (data.byteLength - 16) / 2, // samples
      header.getUint16(2, true), // flags
    ]);
  }
};

let players = 0;
const RealNode = window.AudioWorkletNode;
window.AudioWorkletNode = class extends RealNode {
  constructor(context, name, options) {
    super(context, name, options);
    if (name !== "earshot-player") return;
    const player = players++;
    this.port.addEventListener("message", ({ data }) => {
      if (data.type !== "report") return;
      reports.push([player, Date.now(), data.positionPlayed, data.bufferedSamples, data.underruns, data.playing]);
    });
  }
};

setInterval(() => {
  for (const deck of document.querySelectorAll(".deck[data-audio]")) {
    const delay = deck.querySelector("[data-part=delay]");
    const who = deck.querySelector("[data-part=who]")?.textContent ?? "";
    shown.push([who, Date.now(), delay && !delay.hidden ? delay.textContent : "", deck.dataset.audio]);
  }
}, 250);
