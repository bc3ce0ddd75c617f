// Runs in the page before its own scripts, and notes what the table needs: the browser's long tasks,
// how long each line took to the page, and how long until it stood in a row. All times are in ms.
window.observed = { tasks: [], arrived: [], shown: [], frames: 0 };
const { tasks, arrived, shown } = window.observed;

new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) tasks.push([startTime, duration]);
}).observe({ type: "longtask", buffered: true });

// bench/words/stamp.py writes what is read here.
function delayOf(words) {
  const letters = words.match(/told at ([a-p]{11})/)?.[1];
  if (!letters) return null;
  const digits = letters.replace(/./g, (letter) => (letter.charCodeAt(0) - 97).toString(16));
  return Date.now() - Number.parseInt(digits, 16);
}

const RealSocket = window.WebSocket;
window.WebSocket = class extends RealSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", ({ data }) => {
      if (typeof data === "string" && data.startsWith('{"type": "words"')) arrived.push(delayOf(data));
    });
  }
};

// A row is looked at before each frame, and so what it shows was drawn with the frame before.
const known = new WeakMap();
function look() {
  window.observed.frames++;
  for (const said of document.querySelectorAll("[data-part=said-words]")) {
    const words = said.textContent;
    if (known.has(said) && known.get(said) !== words) shown.push(delayOf(words));
    known.set(said, words);
  }
  requestAnimationFrame(look);
}
requestAnimationFrame(look);

// Begin anew, and return the long tasks until now: those in which the list was made.
window.observed.begin = () => {
  const before = tasks.splice(0);
  arrived.length = shown.length = window.observed.frames = 0;
  return JSON.stringify(before);
};
