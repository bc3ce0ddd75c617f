/**
 * The transcript of one call on a page, beside the deck that plays the call, if there is one. On the
 * shelf a button shows and hides it, and while it is hidden it reads nothing. The markup is templates/includes/transcript.html.
 */

import { part, setAttr, setText } from "../ui/dom.js";
import { gettext } from "../ui/i18n.js";
import { Copier } from "./copy.js";
import { FindView } from "./find-view.js";
import { openLineKeys } from "./line-keys.js";
import { newWords } from "./line-words.js";
import { LinesView } from "./lines-view.js";
import { TranscriptReader } from "./reader.js";
import { Scroller } from "./scroller.js";
import { countAfter, indexAt, nearestTo, startOf } from "./transcript.js";

/** A line is heard from a little before its time, because a word that is cut is not understood. */
const BEFORE_MS = 300;
/** Who goes back by more than this has asked for another place, and is shown its words. */
const JUMP_MS = 500;
/** A line that an address leads to is marked for this long. */
const MARKED_MS = 4000;

/** @typedef {import("../deck/deck.js").Deck} Deck */
/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").WordsNews} WordsNews */

const NOT_HEARD = gettext("Listen to the call to play this moment.");
const NOT_HELD = gettext("This is older than the audio that this page holds.");
const NO_SOUND = gettext("This page plays no sound of the call.");

const STATES = {
  reading: gettext("Reading what was said…"),
  read: gettext("Nothing has been said yet."),
  waiting: gettext("The words cannot be read just now. The page tries again."),
  refused: gettext("You may not read what is said in this call."),
};
// Translators: at the end of a transcript that a reader has scrolled away from
const TO_END = gettext("To the end");
// Translators: of a reader who listens to what was said before, and has scrolled elsewhere in the transcript
const TO_HEARD = gettext("To what you hear");

export class TranscriptPanel {
  /** While it is open. @type {Scope | null} */
  #open = null;
  /** @type {TranscriptReader | null} */
  #reader = null;
  #seenMs = 0; // time of the newest line that the reader has seen
  /** When what is heard was said, if that is not now. @type {number | null} */
  #heardMs = null;
  /** A moment to go to as soon as the lines are read. @type {number | null} */
  #wantedMs = null;
  /** Takes away the mark of the line that an address led to. */
  #unmark = () => {};

  /**
   * @param {HTMLElement} root
   * @param {Scope} scope
   * @param {object} options
   * @param {string} options.url where the server tells what was said
   * @param {Deck | null} options.deck that plays the call
   * @param {import("../ui/settings.js").Settings} options.settings the user's
   * @param {HTMLElement | null} [options.toggle] shows and hides it
   */
  constructor(root, scope, { url, deck, settings, toggle = null }) {
    this.root = root;
    this.scope = scope;
    this.url = url;
    this.deck = deck;
    this.settings = settings;
    this.toggle = toggle;
    this.view = new LinesView(root);
    this.scroller = new Scroller(part(root, "box"), this.view.list, scope, {
      now: () => this.view.element(this.lines[Math.max(0, this.#heardIndex ?? Infinity)]?.key),
      onChange: () => this.#renderPill(),
    });
    this.find = new FindView(root, scope, {
      lines: () => this.lines,
      elementOf: (key) => this.view.element(key),
      onShow: (row) => this.scroller.show(row),
      onClose: () => this.scroller.follow(),
    });
    new Copier(root, scope, () => this.lines);
    this.#wire();
    this.#show(toggle === null || settings.get("transcript"));
  }

  get lines() {
    return this.#reader?.transcript.lines ?? [];
  }

  /** Take what the server says of this call's words. @param {WordsNews} news */
  take(news) {
    this.#reader?.take(news);
  }

  /** Read all of it again, because news may have been missed. */
  reread() {
    this.#reader?.read();
  }

  /** Look for words; the panel opens for it. */
  search() {
    this.#show(true);
    if (this.lines.length) this.find.open();
    else part(this.root, "box").focus();
  }

  /** Go to the line that was said at a moment, once the lines are read. @param {number} ms Unix time */
  goTo(ms) {
    this.#wantedMs = ms;
    this.#goToWanted();
  }

  #goToWanted() {
    if (this.#wantedMs === null || this.#reader?.state !== "read") return;
    const row = this.view.element(nearestTo(this.lines, this.#wantedMs)?.key);
    this.#wantedMs = null;
    if (!row) return; // what was said is no longer kept
    this.scroller.show(row);
    this.root.scrollIntoView({ block: "nearest" });
    part(row, "time").focus({ preventScroll: true });
    this.#markReached(row);
  }

  /** @param {HTMLElement} row */
  #markReached(row) {
    this.#unmark();
    row.setAttribute("data-reached", "");
    const timer = setTimeout(() => this.#unmark(), MARKED_MS);
    this.#unmark = this.scope.own(() => {
      clearTimeout(timer);
      row.removeAttribute("data-reached");
    });
  }

  #wire() {
    const { root, scope } = this;
    scope.listen(part(root, "pill"), "click", () => this.scroller.follow());
    scope.listen(this.view.list, "click", (/** @type {Event} */ event) => this.#play(event));
    openLineKeys({ box: part(root, "box"), list: this.view.list }, scope, (row) => this.scroller.show(row));
    if (this.deck) scope.listen(this.deck, "change", () => this.#hear());
    if (this.toggle) scope.listen(this.toggle, "click", () => this.#choose(this.#open === null));
  }

  /** Show or hide it, on the decks that are opened later as well. @param {boolean} open */
  #choose(open) {
    this.#show(open);
    this.settings.set("transcript", open);
  }

  /** @param {boolean} open */
  #show(open) {
    this.root.hidden = !open;
    if (this.toggle) setAttr(this.toggle, "aria-expanded", String(open));
    if (open) this.#begin();
    else this.#end();
  }

  #begin() {
    if (this.#open) return;
    this.#open = this.scope.child();
    const reader = new TranscriptReader(this.url, this.#open);
    this.#reader = reader;
    this.#open.listen(reader, "change", () => this.render());
    reader.read();
    this.render();
  }

  #end() {
    this.#open?.dispose();
    this.#open = null;
    this.#reader = null;
    this.render();
  }

  render() {
    const { lines, root } = this;
    this.view.render(lines);
    setText(part(root, "empty"), STATES[this.#reader?.state ?? "reading"]);
    part(root, "empty").hidden = lines.length > 0 && this.#reader?.state !== "waiting";
    part(root, "recorded").hidden = !lines.some((line) => line.recorded);
    for (const name of ["copy", "find-open"]) part(root, name).hidden = !lines.length;
    this.view.mark(this.#heardKey);
    this.view.showPlayable(lines, this.#whyNot());
    this.scroller.keep();
    this.#renderPill();
    this.#goToWanted();
  }

  /** Follow what is heard. It is called whenever the deck changes, several times a second. */
  #hear() {
    if (!this.#open) return;
    const before = this.#heardMs;
    this.#heardMs = this.deck?.on && !this.deck.head.live ? this.deck.head.heardMs : null;
    this.view.showPlayable(this.lines, this.#whyNot());
    if (this.view.mark(this.#heardKey)) this.scroller.keep();
    if (this.#heardMs !== null && this.#heardMs < (before ?? Infinity) - JUMP_MS) this.scroller.follow();
    else this.#renderPill();
  }

  /** Which line is heard: −1 before the first one, and null while that is what is said now. */
  get #heardIndex() {
    return this.#heardMs === null ? null : indexAt(this.lines, this.#heardMs);
  }

  /** The line that is marked. */
  get #heardKey() {
    return this.lines[this.#heardIndex ?? -1]?.key;
  }

  #renderPill() {
    const { lines } = this;
    const { follows } = this.scroller;
    if (follows) this.#seenMs = lines.at(-1)?.ms ?? 0;
    const pill = part(this.root, "pill");
    pill.hidden = follows;
    const fresh = countAfter(lines, this.#seenMs);
    setText(part(pill, "pill-words"), this.#heardIndex !== null ? TO_HEARD : fresh ? newWords(fresh) : TO_END);
  }

  /** Why the moment of each line cannot be played, by the line's index. @returns {(index: number) => string} */
  #whyNot() {
    const { deck, lines } = this;
    if (!deck) return () => NO_SOUND;
    const oldest = deck.on ? deck.head.oldestMs : null;
    if (oldest === null) return () => NOT_HEARD;
    return (index) => (startOf(lines, index) < oldest ? NOT_HELD : "");
  }

  /** Play a line whose time was clicked. @param {Event} event */
  #play(event) {
    const { deck, lines } = this;
    const button = /** @type {Element} */ (event.target).closest("button");
    const row = /** @type {HTMLElement | null | undefined} */ (button?.closest("[data-key]"));
    const index = lines.findIndex(({ key }) => String(key) === row?.dataset.key);
    if (!deck || index < 0 || this.#whyNot()(index)) return;
    deck.head.playMoment(startOf(lines, index), BEFORE_MS);
    this.scroller.follow();
  }
}
