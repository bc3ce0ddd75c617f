// @ts-check
/** The page of the live list: wires the list, the deck and the socket together. */

import { compareBuild } from "../build.js";
import { CallList } from "../console.js";
import { Deck } from "../deck.js";
import { DeckView, rememberedVolume } from "../deckview.js";
import { part, setAttr, setIcon, setText } from "../dom.js";
import { Close, LiveSocket, signInHelps, socketUrl } from "../socket.js";
import { emptyList, isActive, isOpen, reduce } from "../state.js";
import { agentName, count, listRefusal, loss } from "../words.js";

/** @type {Record<string, [icon: string, words: string]>} */
const LINK = {
  connecting: ["wait", "Connecting"],
  live: ["live", "Live"],
  reconnecting: ["wait", "Reconnecting"],
  "signed-out": ["refused", "Signed out"],
  refused: ["refused", "Not connected"],
};

const root = /** @type {HTMLElement} */ (document.getElementById("console"));
const urls = /** @type {Record<string, string>} */ (root.dataset);
let list = emptyList();

const deck = new Deck({
  listenUrl: urls.listenUrl,
  workletUrl: urls.workletUrl,
  volume: rememberedVolume(),
  onBuild: (build) => compareBuild(root, build),
});
const calls = new CallList(root, { tapUrl: urls.tapUrl, onToggle: toggle, onEscape: stop });
const deckElement = document.getElementById("deck");
const deckView = deckElement
  ? new DeckView(deckElement, deck, { onMain: stop, serverNow, packets: (id) => list.packets.get(id) })
  : null;

function serverNow() {
  return list.link === "live" ? Date.now() + list.offset : 0;
}

/** @param {string} id */
function toggle(id) {
  const tap = list.taps.get(id);
  if (deck.tap?.id === id) stop();
  else if (tap && isOpen(tap)) deck.listen(tap);
}

function stop() {
  const id = deck.tap?.id;
  deck.stop();
  // A call that ended stayed only because it was listened to.
  if (id && list.leaving.has(id)) apply({ type: "dismiss", id });
}

/** @param {any} event */
function apply(event) {
  const before = list;
  list = reduce(list, event, Date.now());
  if (list !== before) render();
}

/** @param {any} message */
function receive(message) {
  if (message.type === "meters") {
    // Drawn at once and alone: the rest of the page has not changed.
    list = reduce(list, message, Date.now());
    if (!document.hidden) calls.meters(list, Date.now());
  } else {
    if (message.type === "snapshot") compareBuild(root, message.build);
    apply(message);
  }
}

/** @param {import("../socket.js").SocketState} state */
function linked({ phase, code }) {
  if (phase === "open") return; // live only with the snapshot
  const signedOut = signInHelps(code);
  const refused = phase === "closed" || code === Close.TOO_MANY;
  const waiting = phase === "waiting" ? "reconnecting" : "connecting";
  const link = signedOut ? "signed-out" : refused ? "refused" : waiting;
  if (signedOut) deck.stop();
  apply({ type: "link", link, code });
}

const socket = new LiveSocket({
  url: socketUrl(urls.consoleUrl),
  onMessage: receive,
  onState: linked,
});

function render() {
  const audio = deck.light.state;
  setAttr(root, "data-state", list.link);
  calls.render(list, { id: deck.tap?.id, audio }, Date.now());
  renderLink();
  renderPanels();
  renderTitle(audio);
}

function renderLink() {
  const [icon, words] = LINK[list.link];
  setIcon(part(root, "link-icon"), icon);
  setText(part(root, "link-words"), words);
  const active = [...list.taps.values()].filter(isActive).length;
  setText(part(root, "summary"), list.link === "live" && active ? count(active, "call") : "");
  const banner = `${loss(list.code)} Reconnecting… What you see may be out of date.`;
  setText(part(root, "banner"), list.link === "reconnecting" ? banner : "");
}

function renderPanels() {
  const out = list.link === "signed-out" || list.link === "refused";
  const [title, words] = listRefusal(list.code);
  part(root, "panel").hidden = !out;
  setText(part(root, "panel-title"), out ? title : "");
  setText(part(root, "panel-words"), out ? words : "");
  part(root, "panel-link").hidden = list.link !== "signed-out";
  part(root, "empty").hidden = !(list.link === "live" && !list.taps.size);
  part(root, "calls").hidden = out || !list.taps.size;
}

/** @param {string} audio */
function renderTitle(audio) {
  const heard = deck.tap ? agentName(deck.tap.agent) : "";
  const mark = audio === "playing" || audio === "silent" ? "▶" : "⏸";
  const state = list.link === "live" ? "Live calls" : LINK[list.link][1];
  document.title = `${heard ? `${mark} ${heard}` : state} – Earshot`;
}

deck.addEventListener("change", render);
addEventListener("online", hurry);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) hurry();
});
deckElement?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stop();
});

function hurry() {
  socket.retryNow();
  deck.hurry();
}

setInterval(() => {
  const held = new Set([deck.tap?.id, calls.focused].filter((id) => id !== undefined));
  if (!calls.pointerBusy) apply({ type: "tick", held });
  calls.meters(list, Date.now()); // levels that stopped coming
  calls.clock(list, Date.now());
  deckView?.render(); // a light may change because nothing came
}, 1000);

socket.open();
if (deckElement) deck.prepare();
