// @ts-check
/** The live list on the page: one row for each tap, made once and then kept true. */

import { AUDIO_ICON, who } from "./deckview.js";
import { part, setAttr, setIcon, setText } from "./dom.js";
import { draw, FLOOR_DB } from "./meter.js";
import { elapsed, isActive, isOpen, mediaOf } from "./state.js";
import { agentName, callerParts, count, DIRECTION, duration, silentSince, spokenDuration, STATE, STATE_HINT } from "./words.js";

/** @typedef {import("./state.js").Tap} Tap */
/** @typedef {import("./state.js").ListState} ListState */

/** @type {Record<string, string>} */
const STATE_ICON = {
  requested: "start",
  tapping: "live",
  finished: "ended",
  failed: "failed",
  lost: "failed",
};

const POINTER_RESTS_MS = 3000;
const MANY = 20; // rows; above, meters move without transitions

export class CallList {
  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {string} options.tapUrl path before a tap's id
   * @param {(id: string) => void} options.onToggle Listen or Stop of a row
   * @param {() => void} options.onEscape
   */
  constructor(root, { tapUrl, onToggle, onEscape }) {
    this.list = /** @type {HTMLElement} */ (part(root, "list"));
    this.template = /** @type {HTMLTemplateElement} */ (part(root, "row"));
    this.tapUrl = tapUrl;
    this.onEscape = onEscape;
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.pointerAt = -Infinity;
    this.list.addEventListener("pointermove", () => (this.pointerAt = performance.now()));
    this.list.addEventListener("pointerleave", () => (this.pointerAt = -Infinity));
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-action]");
      const id = button?.closest("[data-tap]")?.getAttribute("data-tap");
      if (id) onToggle(id);
    });
  }

  /** Rows must not move under the mouse. */
  get pointerBusy() {
    return performance.now() - this.pointerAt < POINTER_RESTS_MS;
  }

  /** @returns {string | undefined} the tap whose row has the focus */
  get focused() {
    const row = document.activeElement?.closest("[data-tap]");
    return (row && this.list.contains(row) && row.getAttribute("data-tap")) || undefined;
  }

  /**
   * @param {ListState} state
   * @param {{id: string | undefined, audio: string}} deck what is listened to
   * @param {number} now
   */
  render(state, deck, now) {
    for (const [id, row] of this.rows) {
      if (state.taps.has(id)) continue;
      row.remove();
      this.rows.delete(id);
    }
    let place = this.list.firstElementChild;
    for (const tap of state.taps.values()) {
      const row = this.rows.get(tap.id) ?? this.#create(tap.id);
      if (row === place) place = row.nextElementSibling;
      else this.list.insertBefore(row, place);
      this.#tap(row, tap);
      this.#audio(row, tap, deck.id === tap.id ? deck.audio : "idle");
    }
    this.list.classList.toggle("long", state.taps.size > MANY);
    this.meters(state, now);
    this.clock(state, now);
  }

  /**
   * Levels only: this runs many times a second.
   * @param {ListState} state
   * @param {number} now
   */
  meters(state, now) {
    for (const tap of state.taps.values()) {
      const row = /** @type {HTMLElement} */ (this.rows.get(tap.id));
      const media = mediaOf(state, tap, now);
      const level = media === "live" ? state.levels.get(tap.id) : undefined;
      draw(part(row, "meter"), level?.rms ?? FLOOR_DB, level?.peak ?? FLOOR_DB);
      setAttr(row, "data-media", media);
      setText(part(row, "sound"), soundWords(state, tap, media));
    }
  }

  /**
   * Running durations, once a second.
   * @param {ListState} state
   * @param {number} now
   */
  clock(state, now) {
    for (const tap of state.taps.values()) {
      const row = /** @type {HTMLElement} */ (this.rows.get(tap.id));
      const ms = elapsed(tap, now + state.offset);
      const time = part(row, "time");
      setText(time, ms === null ? "–" : duration(ms));
      setAttr(time, "datetime", ms === null ? "" : `PT${Math.floor(ms / 1000)}S`);
      setAttr(time, "aria-label", ms === null ? "duration unknown" : spokenDuration(ms));
    }
  }

  /** @param {string} id */
  #create(id) {
    const fragment = /** @type {DocumentFragment} */ (this.template.content.cloneNode(true));
    const row = /** @type {HTMLElement} */ (fragment.firstElementChild);
    row.setAttribute("data-tap", id);
    part(row, "agent").setAttribute("href", this.tapUrl + id);
    this.rows.set(id, row);
    return row;
  }

  /**
   * @param {HTMLElement} row
   * @param {Tap} tap
   */
  #tap(row, tap) {
    const caller = callerParts(tap);
    setAttr(row, "data-state", tap.state);
    setText(part(row, "agent"), agentName(tap.agent));
    setText(part(row, "caller"), caller.name);
    setText(part(row, "number"), caller.number);
    setText(part(row, "direction"), DIRECTION[tap.direction] ?? tap.direction);
    setText(part(row, "state"), STATE[tap.state] ?? tap.state);
    setIcon(part(row, "state-icon"), STATE_ICON[tap.state] ?? "start");
    setAttr(part(row, "state").parentElement, "title", STATE_HINT[tap.state] ?? "");
    setText(part(row, "listeners"), String(tap.listeners));
    setText(part(row, "listeners-words"), count(tap.listeners, "person listening", "people listening"));
    row.classList.toggle("unheard", !tap.listeners);
  }

  /**
   * @param {HTMLElement} row
   * @param {Tap} tap
   * @param {string} audio
   */
  #audio(row, tap, audio) {
    setAttr(row, "data-audio", audio);
    const button = /** @type {HTMLButtonElement | null} */ (row.querySelector("[data-action]"));
    if (!button) return;
    const on = audio !== "idle";
    const over = ["ended", "refused", "failed"].includes(audio);
    const label = on ? (over ? "Close" : "Stop") : "Listen";
    setAttr(button, "data-action", on ? "stop" : "listen");
    setAttr(button, "aria-label", `${label}${on ? ": " : " to "}${who(tap)}`);
    setText(part(button, "button-label"), label);
    setIcon(part(button, "button-icon"), on ? AUDIO_ICON[audio] : "listen");
    button.hidden = !on && !isOpen(tap);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") {
      this.onEscape();
      return;
    }
    const stops = [...this.rows.values()].filter((row) => row.isConnected).map(firstStop);
    const here = stops.findIndex((stop) => stop.closest("[data-tap]") === rowOf(event.target));
    const last = stops.length - 1;
    /** @type {Record<string, number>} */
    const moves = { ArrowDown: here + 1, j: here + 1, ArrowUp: here - 1, k: here - 1, Home: 0, End: last };
    if (!(event.key in moves)) return;
    event.preventDefault(); // the page would scroll
    stops[Math.min(last, Math.max(0, moves[event.key]))]?.focus();
  }
}

/** @param {EventTarget | null} target */
function rowOf(target) {
  return /** @type {Element} */ (target).closest("[data-tap]");
}

/**
 * Where the arrows stop in a row: its button, or the link when there is none.
 * @param {HTMLElement} row
 * @returns {HTMLElement}
 */
function firstStop(row) {
  return row.querySelector("[data-action]:not([hidden])") ?? part(row, "agent");
}

/**
 * @param {ListState} state
 * @param {Tap} tap
 * @param {"none" | "live" | "stalled"} media
 */
function soundWords(state, tap, media) {
  if (state.link !== "live") return "Unknown";
  if (!isActive(tap)) return tap.state === "finished" ? "" : tap.end_reason;
  if (media === "live") return "";
  if (tap.stop_requested_at) return "Monitoring is being stopped";
  if (tap.silent_since) return silentSince(tap.silent_since);
  if (media === "stalled") return "No sound arriving";
  return tap.state === "requested" ? "Not begun" : "No audio yet";
}
