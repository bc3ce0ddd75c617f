/** What a row shows only near the sight: attention, sound, time, listeners, and what may be done. */

import { copyOf, part, setAttr, setIcon, setText } from "../ui/dom.js";
import { fill, gettext, pgettext } from "../ui/i18n.js";
import { audioIcon } from "../ui/icons.js";
import { list } from "../ui/locale.js";
import { orderedWords } from "../ui/pause-words.js";
import { duration, listenersWords, NO_NOTICE, readBy, shortList, silentSinceWords, spokenDuration, who } from "../ui/words.js";
import { SIDES } from "../words/line-words.js";
import { elapsed, lacksNotice, mediaOfCall, playedLegs, shownLegs, silentSince } from "./calls.js";
import { LegSound } from "./leg.js";
import { isPaused } from "./orders.js";
import { Need } from "./need.js";

/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("../wire/messages.js").Leg} Leg */
/** @typedef {import("../wire/messages.js").SaidLine} SaidLine */
/** @typedef {import("./calls.js").Media} Media */
/** @typedef {import("./state.js").ListState} ListState */

/**
 * What the list must know about a deck that plays one of its calls.
 * @typedef {object} Heard
 * @property {string} audio the state of its audio light
 * @property {boolean} over nothing will be heard any more
 */

/**
 * What all rows are made of.
 * @typedef {object} RowParts
 * @property {HTMLElement} row a template
 * @property {HTMLElement} details the template of what stands in a row near the sight
 * @property {HTMLElement} leg the template of one leg's sound
 * @property {import("../ui/tap-words.js").TapWords} words
 * @property {(call: Call) => string} urlOf the page about a call
 * @property {(id: string) => SaidLine | undefined} saidIn what was said last in a call
 * @property {boolean} canListen
 * @property {string} noStart why the user cannot have a call tapped, "" if they can
 */

const NAMES_SHOWN = 2;

/**
 * What the button of a row says.
 * @typedef {object} Wording
 * @property {string} label what is written on it
 * @property {string} name its name for screen readers, who is the call; it begins with the label
 */

/** By what the button does. @type {Record<"listen" | "stop" | "close" | "dismiss", Wording>} */
const BUTTONS = {
  // Translators: who is a call; this text must begin with the translation of “Listen”
  listen: { label: pgettext("button", "Listen"), name: gettext("Listen to %(who)s") },
  // Translators: who is a call; this text must begin with the translation of “Stop”
  stop: { label: pgettext("button", "Stop"), name: gettext("Stop listening to %(who)s") },
  // Translators: who is a call that has ended; this text must begin with the translation of “Close”
  close: { label: pgettext("button", "Close"), name: gettext("Close the deck of %(who)s") },
  // Translators: who is a call that has ended; this text must begin with the translation of “Dismiss”
  dismiss: { label: pgettext("button", "Dismiss"), name: gettext("Dismiss %(who)s") },
};

export class RowDetails {
  /** @type {Map<string, LegSound>} by leg */
  #legs = new Map();
  /** @type {Call | null} what is shown */
  #call = null;
  /** @type {Heard | null} */
  #heard = null;
  /** @type {SaidLine | undefined} */
  #said = undefined;

  /**
   * @param {string} id the call's
   * @param {RowParts} parts
   */
  constructor(id, parts) {
    this.parts = parts;
    this.element = copyOf(parts.details);
    setAttr(this.element, "data-orders", id);
    /** Stands in the row's chip. */
    this.icon = part(this.element, "chip-icon");
    this.button = part(this.element, "button");
    this.sound = part(this.element, "sound");
    /** @type {HTMLElement | null} has the call tapped; only where the user may do that */
    this.start = this.element.querySelector('[data-order="start"]');
    this.time = part(this.element, "time");
    this.said = part(this.element, "said");
    this.need = new Need(this.element, id);
  }

  /**
   * Show a call, unless that is shown already.
   * @param {Call} call
   * @param {Heard | null} heard
   * @returns {boolean} whether anything was changed
   */
  show(call, heard) {
    const same = call === this.#call && heard?.audio === this.#heard?.audio && heard?.over === this.#heard?.over;
    if (same) return false;
    if (call !== this.#call) {
      setIcon(part(this.icon, "state-icon"), isPaused(call) ? "paused" : call.state);
      this.#showListeners(readBy(call.listeners, this.element.dataset.user));
      this.#showLegs(shownLegs(call));
    }
    this.#showButton(call, heard);
    [this.#call, this.#heard] = [call, heard];
    return true;
  }

  /** What the keyboard reaches. */
  get controls() {
    return [this.need.button, this.button, ...(this.start ? [this.start] : [])];
  }

  /** The button for what may be done first, if there is one. */
  get action() {
    return [this.button, this.start].find((button) => button && !button.hidden) ?? null;
  }

  /** @param {string[]} names */
  #showListeners(names) {
    const { element } = this;
    setText(part(element, "listeners"), shortList(names, NAMES_SHOWN));
    setAttr(part(element, "listeners"), "title", list(names));
    setText(part(element, "listeners-words"), listenersWords(names));
    setIcon(part(element, "listeners-icon"), names.length ? "listen" : "none");
  }

  /** @param {Leg[]} legs */
  #showLegs(legs) {
    const ids = legs.map((leg) => leg.id);
    if (ids.join() === [...this.#legs.keys()].join()) return;
    const { sides } = this.parts.words;
    const sounds = legs.map((leg) => new LegSound(copyOf(this.parts.leg), sides[leg.direction] ?? leg.direction));
    this.#legs = new Map(sounds.map((sound, place) => [ids[place] ?? "", sound]));
    part(this.element, "legs").replaceChildren(...sounds.map((sound) => sound.element));
  }

  /**
   * @param {Call} call
   * @param {Heard | null} heard
   */
  #showButton(call, heard) {
    const [action, { label, name }, icon] = this.#action(call, heard);
    setAttr(this.button, "data-action", action);
    setAttr(this.button, "aria-label", fill(name, { who: who(call) }));
    setAttr(this.button, "aria-disabled", String(action === "none"));
    setText(part(this.button, "button-label"), label);
    setIcon(part(this.button, "button-icon"), icon);
    const { canListen, noStart } = this.parts;
    const isUntapped = action === "none" && call.state === "untapped";
    const isUntold = action === "none" && lacksNotice(call);
    setAttr(this.button, "title", isUntapped ? noStart : isUntold ? NO_NOTICE : "");
    // An untapped call has “Listen in” instead, where the user may have it tapped.
    this.button.hidden = (!canListen && action !== "dismiss") || (isUntapped && !noStart);
  }

  /**
   * The button stays where it is through all of a call, so that it keeps the focus.
   * @param {Call} call
   * @param {Heard | null} heard
   * @returns {[action: string, words: Wording, icon: string]}
   */
  #action(call, heard) {
    if (heard) return ["stop", heard.over ? BUTTONS.close : BUTTONS.stop, audioIcon(heard.audio)];
    if (call.over) return ["dismiss", BUTTONS.dismiss, "close"];
    const canListen = this.parts.canListen && playedLegs(call).length && !lacksNotice(call);
    return [canListen ? "listen" : "none", BUTTONS.listen, "listen"];
  }

  /**
   * Draw the levels and strips, and say what changes as time passes. This runs many times a second.
   * @param {ListState} state
   * @param {number} now
   */
  draw(state, now) {
    const call = this.#call;
    if (!call) return;
    for (const leg of call.legs) this.#legs.get(leg.id)?.draw(state, leg, now);
    const media = mediaOfCall(state.levels, call, now);
    setAttr(this.element, "data-media", media);
    setText(this.sound, this.#soundWords(state, call, media));
    this.need.show(call.over ? [] : call.attention, now + state.offset);
    this.#showSaid(this.parts.saidIn(call.id));
    this.#showTime(elapsed(call, now + state.offset));
  }

  /** @param {SaidLine | undefined} line */
  #showSaid(line) {
    if (line === this.#said) return;
    this.#said = line;
    setText(part(this.said, "said-who"), line ? SIDES[line.side] : "");
    setText(part(this.said, "said-words"), line?.text ?? "");
    setAttr(this.said, "title", line?.text ?? "");
  }

  /**
   * @param {ListState} state
   * @param {Call} call
   * @param {Media} media
   */
  #soundWords(state, call, media) {
    // Translators: whether there is sound is not known
    if (state.link !== "live") return pgettext("sound", "Unknown");
    if (call.over) return call.legs.at(-1)?.end_reason ? (this.parts.words.outcomes[call.state] ?? "") : "";
    if (call.state === "untapped") return this.#failedWords(call);
    if (isPaused(call)) return orderedWords(call.pause);
    if (media === "live") return "";
    if (!playedLegs(call).length) return gettext("Monitoring is being stopped");
    const since = silentSince(call);
    if (since) return silentSinceWords(since);
    if (media === "stalled") return gettext("No sound arriving");
    return call.state === "requested" ? gettext("Not started yet") : gettext("No audio yet");
  }

  /** Say that a tap which nobody is told of otherwise never began. @param {Call} call */
  #failedWords({ legs }) {
    const last = legs.at(-1);
    return last?.state === "failed" && last.end_reason ? (this.parts.words.outcomes.failed ?? "") : "";
  }

  /** @param {number | null} ms */
  #showTime(ms) {
    const { time } = this;
    setText(time, ms === null ? "–" : duration(ms));
    setAttr(time, "datetime", ms === null ? "" : `PT${Math.floor(ms / 1000)}S`);
    setAttr(time, "aria-label", ms === null ? gettext("duration unknown") : spokenDuration(ms));
  }
}
