// @ts-check
/** The page of one tap: its deck, and its facts kept true while it lives. */

import { compareBuild } from "../build.js";
import { Deck } from "../deck.js";
import { DeckView, rememberedVolume } from "../deckview.js";
import { localTimes, part, setAttr, setIcon, setText } from "../dom.js";
import { isRefusing, shown, takePackets, valueOf } from "../packets.js";
import { Close, LiveSocket, signInHelps, socketUrl } from "../socket.js";
import { elapsed, isActive, isStale } from "../state.js";
import { agentName, duration, listRefusal, loss, silentSince, STATE } from "../words.js";

const ICON = { requested: "start", tapping: "live", finished: "ended", failed: "failed", lost: "failed" };

const root = /** @type {HTMLElement} */ (document.getElementById("tap"));
const data = /** @type {Record<string, string>} */ (root.dataset);
const name = agentName(data.agent);
const deckElement = document.getElementById("deck");
let offset = 0;
let known = false; // the server's clock
/** @type {import("../state.js").Tap | null} */
let row = null;
/** @type {import("../packets.js").Packets | undefined} */
let packets;

/** What the deck must know before the first message came. @returns {any} */
function pageTap() {
  return { id: data.tap, state: data.state, agent: data.agent, caller: data.caller, caller_name: data.callerName };
}

const deck = new Deck({
  listenUrl: data.listenUrl,
  workletUrl: data.workletUrl,
  volume: rememberedVolume(),
  onBuild: (build) => compareBuild(root, build),
});

function toggle() {
  if (deck.tap) deck.stop();
  else deck.listen(row ?? pageTap());
}

/** @param {any} message */
function receive(message) {
  if (message.type === "snapshot") {
    offset = Date.parse(message.now) - Date.now();
    known = true;
    compareBuild(root, message.build);
    setText(part(root, "banner"), "");
    const found = message.taps.find((/** @type {any} */ tap) => tap.id === data.tap);
    if (found) show(found);
    else over(); // it ended while the link was down
  } else if (message.type === "tap" && message.tap.id === data.tap) {
    if (!isStale(row, message.tap)) show(message.tap);
  } else if (message.type === "meters" && message.packets?.[data.tap]) {
    packets = takePackets(packets, message.packets[data.tap], Date.now());
    part(root, "refusing").hidden = !isRefusing(packets);
    showPackets(packets.figures);
  }
}

/** @param {import("../packets.js").Figures} figures */
function showPackets(figures) {
  part(root, "no-packets").hidden = true;
  for (const line of root.querySelectorAll("[data-figure]")) {
    const { figure = "", unit = "" } = /** @type {HTMLElement} */ (line).dataset;
    const text = shown(unit, valueOf(figures, figure));
    /** @type {HTMLElement} */ (line).hidden = !text;
    setText(part(line, "figure"), text);
  }
}

/** @param {import("../state.js").Tap} tap */
function show(tap) {
  const wasOver = row !== null && !isActive(row);
  row = tap;
  setAttr(root, "data-state", tap.state);
  setText(part(root, "state"), STATE[tap.state] ?? tap.state);
  setIcon(part(root, "state-icon"), /** @type {any} */ (ICON)[tap.state] ?? "start");
  setText(part(root, "listeners"), String(tap.listeners));
  setText(part(root, "silent"), tap.silent_since ? silentSince(tap.silent_since) : "");
  tick();
  if (!isActive(tap)) over();
  else if (wasOver) setText(part(root, "banner"), "");
}

/** The whole record is the server's to write: offer it, and do not pull the page away. */
function over() {
  const banner = part(root, "banner");
  if (banner.querySelector("a")) return;
  banner.replaceChildren("This call has ended. ", anchor(location.href, "Show the final record"), ".");
}

/**
 * @param {string} href
 * @param {string} words
 */
function anchor(href, words) {
  const link = document.createElement("a");
  link.href = href;
  link.textContent = words;
  return link;
}

function tick() {
  const ms = row && elapsed(row, Date.now() + offset);
  if (ms !== null) setText(part(root, "duration"), duration(ms));
}

/** @param {import("../socket.js").SocketState} state */
function linked({ phase, code }) {
  if (phase !== "waiting" && phase !== "closed") return;
  known = false;
  packets = undefined;
  if (phase === "closed" || code === Close.TOO_MANY) refused(code);
  else setText(part(root, "banner"), `${loss(code)} Reconnecting… What you see may be out of date.`);
}

/** @param {number} code */
function refused(code) {
  const [title, words] = listRefusal(code);
  const signIn = `${data.loginUrl}?next=${encodeURIComponent(location.pathname)}`;
  const link = signInHelps(code) ? [" ", anchor(signIn, "Sign in")] : [];
  part(root, "banner").replaceChildren(`${title}. ${words}`, ...link);
}

function renderTitle() {
  const state = deck.light.state;
  const mark = !deck.tap ? "" : state === "playing" || state === "silent" ? "▶ " : "⏸ ";
  document.title = `${mark}${name} – Earshot`;
}

setText(part(root, "agent"), name);
localTimes(root);
const lasted = part(root, "duration");
if (lasted.dataset.seconds) setText(lasted, duration(Number(lasted.dataset.seconds) * 1000));

if (isActive(pageTap())) {
  const socket = new LiveSocket({ url: socketUrl(data.consoleUrl), onMessage: receive, onState: linked });
  const serverNow = () => (known ? Date.now() + offset : 0);
  const view = deckElement
    ? new DeckView(deckElement, deck, { onMain: toggle, serverNow, packets: () => packets })
    : null;
  const hurry = () => {
    socket.retryNow();
    deck.hurry();
  };
  deck.addEventListener("change", renderTitle);
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) hurry();
  });
  deckElement?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") deck.stop();
  });
  setInterval(() => {
    tick();
    view?.render();
  }, 1000);
  socket.open();
  if (deckElement) deck.prepare();
}
renderTitle();
