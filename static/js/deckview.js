// @ts-check
/**
 * The deck as people see and hear it: lamp, words, meter, volume, buttons.
 * The markup is templates/includes/deck.html.
 */

import { part, setAttr, setIcon, setText } from "./dom.js";
import { draw } from "./meter.js";
import { network } from "./packets.js";
import { signInHelps } from "./socket.js";
import { agentName, callerParts } from "./words.js";

const VOLUME_KEY = "earshot.volume";

/** @type {Record<string, string>} */
export const AUDIO_ICON = {
  idle: "quiet",
  connecting: "wait",
  buffering: "wait",
  playing: "sound",
  silent: "quiet",
  stalled: "nosound",
  reconnecting: "wait",
  blocked: "nosound",
  ended: "ended",
  refused: "refused",
  failed: "failed",
};

const OVER = new Set(["ended", "refused", "failed"]);
const FINAL = new Set([4401, 4403, 4404, 4410]);

/** @returns {number} the remembered volume, 0 to 1 */
export function rememberedVolume() {
  try {
    const stored = Number.parseFloat(localStorage.getItem(VOLUME_KEY) ?? "1");
    return stored >= 0 && stored <= 1 ? stored : 1;
  } catch {
    return 1; // storage is switched off
  }
}

/** @param {number} volume */
function rememberVolume(volume) {
  try {
    localStorage.setItem(VOLUME_KEY, String(volume));
  } catch {
    // storage is switched off: the volume lasts as long as the page
  }
}

/**
 * "Receptionist · Ann Lee"
 * @param {{agent: string, caller: string, caller_name: string}} tap
 */
export function who(tap) {
  return `${agentName(tap.agent)} · ${callerParts(tap).name}`;
}

export class DeckView {
  /**
   * @param {HTMLElement} root
   * @param {import("./deck.js").Deck} deck
   * @param {object} options
   * @param {() => void} options.onMain the big button
   * @param {() => number} options.serverNow ms; 0 while the server's clock is not known
   * @param {(id: string) => import("./packets.js").Packets | undefined} options.packets of a tap
   */
  constructor(root, deck, { onMain, serverNow, packets }) {
    this.root = root;
    this.deck = deck;
    this.home = root.hasAttribute("data-home");
    this.serverNow = serverNow;
    this.packets = packets;
    this.announced = "";
    this.idleDetail = part(root, "detail").textContent;
    const volume = /** @type {HTMLInputElement} */ (part(root, "volume"));
    volume.value = String(Math.round(deck.volume * 100));
    volume.addEventListener("input", () => {
      deck.setVolume(volume.valueAsNumber / 100);
      rememberVolume(deck.volume);
    });
    part(root, "main").addEventListener("click", onMain);
    this.#button("resume").addEventListener("click", () => deck.resume());
    this.#button("retry").addEventListener("click", () => {
      if (deck.tap) deck.listen(deck.tap);
    });
    deck.addEventListener("report", () => draw(part(root, "meter"), deck.level));
    deck.addEventListener("change", () => this.render());
    this.render();
  }

  /** @param {string} action @returns {HTMLButtonElement} */
  #button(action) {
    return /** @type {any} */ (this.root.querySelector(`[data-action="${action}"]`));
  }

  render() {
    const { deck, root } = this;
    const light = deck.light;
    setAttr(root, "data-audio", light.state);
    setIcon(part(root, "icon"), AUDIO_ICON[light.state]);
    setText(part(root, "words"), light.words);
    setText(part(root, "detail"), this.#detail(light));
    if (!["playing", "silent"].includes(light.state)) draw(part(root, "meter"), -96);
    this.#buttons(light.state);
    this.#delay();
    this.#network(light.state);
    this.#announce(light);
  }

  /** @param {import("./light.js").Light} light */
  #detail(light) {
    if (light.state === "idle") return this.idleDetail;
    const name = this.deck.tap && !this.home ? who(this.deck.tap) : "";
    return [name, light.detail].filter(Boolean).join(" — ");
  }

  /** @param {string} state */
  #buttons(state) {
    const code = this.deck.facts.code;
    const refused = state === "refused";
    this.#button("resume").hidden = state !== "blocked";
    this.#button("retry").hidden = !(state === "failed" || (refused && !FINAL.has(code)));
    part(this.root, "signin").hidden = !(refused && signInHelps(code));
    const main = part(this.root, "main");
    const on = state !== "idle";
    const over = OVER.has(state);
    if (this.home) {
      const listening = on && !over;
      setAttr(main, "data-action", listening ? "stop" : "listen");
      setText(part(main, "main-label"), listening ? "Stop listening" : "Listen");
      setIcon(part(main, "main-icon"), listening ? "stop" : "listen");
      main.hidden = over;
    } else {
      setText(part(main, "main-label"), over ? "Close" : "Stop");
      setIcon(part(main, "main-icon"), over ? "close" : "stop");
    }
  }

  #delay() {
    const element = part(this.root, "delay");
    const now = this.serverNow();
    const delay = now ? this.deck.delay(now) : null;
    element.hidden = delay === null;
    if (delay !== null) setText(element, `${(delay / 1000).toFixed(1)} s behind the call`);
  }

  /**
   * Is it the call or the network? Only for taps whose packets are counted, and
   * not in a stall: where nothing comes at all, nothing counts as lost.
   * @param {string} state
   */
  #network(state) {
    const { deck, root } = this;
    const heard = deck.tap && state !== "stalled" && !OVER.has(state);
    const packets = heard ? this.packets(/** @type {any} */ (deck.tap).id) : undefined;
    const seen = network(packets, Date.now(), deck.report?.underruns ?? 0);
    const element = part(root, "network");
    element.hidden = !seen;
    if (!seen) return;
    setAttr(element, "data-losing", String(seen.losing));
    setText(part(root, "network-words"), seen.words);
    setText(part(root, "network-verdict"), seen.verdict);
    setText(part(root, "network-counts"), seen.counts);
  }

  /**
   * Say a change once, politely. Speech pauses all the time, so "nobody is
   * speaking" is not said over the call.
   * @param {import("./light.js").Light} light
   */
  #announce(light) {
    const said = light.state === "silent" ? "playing" : light.state;
    const key = `${said} ${this.deck.tap?.id ?? ""}`;
    if (key === this.announced) return;
    this.announced = key;
    const words = said === "playing" ? "Playing" : light.words;
    const name = this.deck.tap ? who(this.deck.tap) : "";
    setText(part(this.root, "announce"), [words, name, light.detail].filter(Boolean).join(". "));
  }
}
