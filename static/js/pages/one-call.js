/** The call of a page about one call: what the server says of it meanwhile, and its deck. */

import { DeckControls } from "../deck/controls.js";
import { Deck } from "../deck/deck.js";
import { Desk } from "../deck/desk.js";
import { ReasonForm } from "../deck/reason.js";
import { DeckView } from "../deck/view.js";
import { isStale, newerTalk, playedLegs } from "../list/calls.js";
import { takePackets } from "../list/packets.js";
import { compareBuild } from "../ui/build.js";
import { part } from "../ui/dom.js";
import { tellSignedOut } from "../ui/sign-out.js";
import { readTapWords } from "../ui/tap-words.js";
import { noticeWords } from "../ui/words.js";
import { signInHelps } from "../wire/protocol.js";
import { TranscriptPanel } from "../words/panel.js";
import { LiveSocket, socketUrl } from "../wire/socket.js";
import { callPartUrl, onReturn, openOutput, others, reasonOptions, tapUrl, url } from "./common.js";
import { openKeys } from "./keys.js";

/** @typedef {import("../list/packets.js").Packets} Packets */
/** @typedef {import("../ui/scope.js").Scope} Scope */
/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("../wire/messages.js").ConsoleMessage} ConsoleMessage */

/**
 * What the page does about news.
 * @typedef {object} Hooks
 * @property {(call: Call) => void} onCall is told how the server describes the call now
 * @property {(id: string, packets: Packets) => void} onPackets runs when a leg's packets were counted
 * @property {() => void} onGone runs when the call ended while the connection was down
 * @property {() => void} onSnapshot runs when the connection is there again
 * @property {(state: import("../wire/socket.js").SocketState) => void} onLink
 * @property {() => void} onDeck runs when the deck has changed
 * @property {() => void} onTick runs each second
 */

export class OneCall {
  offset = 0; // the server's clock minus this one, ms
  isLive = false; // the server tells what is new
  /** @type {Map<string, Packets>} by leg */
  packets = new Map();
  /** @type {Deck | null} none where the call cannot be heard */
  deck = null;
  /** @type {DeckView | null} */
  view = null;
  /** What is said in the call, where the user may read it. @type {TranscriptPanel | null} */
  transcript = null;

  /**
   * @param {HTMLElement} root the page's, which holds the call as JSON
   * @param {import("../ui/settings.js").Settings} settings the user's
   * @param {Hooks} hooks
   */
  constructor(root, settings, hooks) {
    this.root = root;
    this.settings = settings;
    this.hooks = hooks;
    /** @type {Call} */
    this.call = JSON.parse(root.dataset.call ?? "");
    this.talk = this.call.talk;
    this.words = readTapWords(root);
  }

  /** Follow the call from now on. @param {Scope} scope */
  live(scope) {
    const socket = new LiveSocket({
      url: socketUrl(url(this.root, "console")),
      onMessage: (message) => this.#receive(message),
      onState: (state) => this.#linked(state),
    });
    scope.own(() => socket.close());
    const element = this.root.querySelector('[data-part="deck"]');
    if (element) this.#openDeck(/** @type {HTMLElement} */ (element), scope);
    onReturn(scope, () => {
      socket.retryNow();
      this.deck?.hurry();
    });
    scope.interval(() => {
      this.hooks.onTick();
      this.view?.render(); // a light may change because nothing arrived
    }, 1000);
    socket.open();
  }

  /**
   * @param {HTMLElement} element
   * @param {Scope} scope
   */
  #openDeck(element, scope) {
    const { root } = this;
    const output = openOutput(root, scope, this.settings);
    const deck = new Deck(this.call, scope, {
      listenUrlOf: (id) => tapUrl(root, "listen", id),
      output,
      outcomes: this.words.outcomes,
      sides: this.words.sides,
      onBuild: (build) => compareBuild(root, build),
    });
    this.deck = deck;
    const desk = new Desk(this.settings, scope);
    desk.join(this.call.id, deck, scope);
    new DeckControls(element, deck, scope, { desk, id: this.call.id });
    new ReasonForm(part(element, "reason"), deck, scope, reasonOptions(root, this.call.id, this.words.orders));
    this.view = new DeckView(element, deck, scope, {
      announcer: part(root, "announce"),
      onMain: () => (deck.on ? deck.stop() : this.listen()),
      around: {
        packets: (id) => this.packets.get(id),
        talk: () => ({ talk: this.talk, serverNow: this.isLive && !this.call.over ? Date.now() + this.offset : null }),
        others: () => others(root, this.call),
        notice: () => noticeWords(this.words.notices[this.call.legs.at(-1)?.notice ?? ""]),
        timelineUrl: callPartUrl(root, "timeline", this.call.id),
        version: () => this.call.version,
      },
    });
    scope.listen(deck, "change", () => this.hooks.onDeck());
    openKeys(root, scope, this.settings, {
      actions: {
        stop: () => deck.stop(),
        mute: () => desk.toggleMute(this.call.id),
        back: () => deck.head.step(-10),
        forward: () => deck.head.step(10),
        live: () => deck.head.goLive(),
        ...(root.hasAttribute("data-can-read") && { words: () => this.transcript?.search() }),
      },
    });
    output.prepare();
  }

  /** Show what is said. The call may be over. @param {Scope} scope */
  read(scope) {
    const { deck, root, settings } = this;
    if (!root.hasAttribute("data-can-read")) return;
    const address = callPartUrl(root, "words", this.call.id);
    this.transcript = new TranscriptPanel(part(root, "transcript"), scope, { url: address, deck, settings });
  }

  /** Hear the call. Call it inside a click, or the browser may hold the sound back. */
  listen() {
    this.deck?.listen(playedLegs(this.call));
  }

  /** @param {import("../wire/socket.js").SocketState} state */
  #linked(state) {
    this.isLive = false; // until the snapshot has come
    if (signInHelps(state.code)) tellSignedOut();
    this.hooks.onLink(state);
  }

  /** @param {ConsoleMessage} message */
  #receive(message) {
    if (message.type === "snapshot") this.#snapshot(message);
    else if (message.type === "call" && message.call.id === this.call.id) {
      if (!isStale(this.call, message.call)) this.#show(message.call);
    } else if (message.type === "talk") this.talk = newerTalk(this.talk, message.calls[this.call.id]);
    else if (message.type === "words" && message.call === this.call.id) this.transcript?.take(message);
    else if (message.type === "meters" && message.packets) this.#count(message.packets);
  }

  /** @param {import("../wire/messages.js").Snapshot} snapshot */
  #snapshot({ now, calls, build }) {
    this.offset = Date.parse(now) - Date.now();
    this.isLive = true;
    compareBuild(this.root, build);
    this.hooks.onSnapshot();
    this.transcript?.reread(); // what was said before the connection was there
    const call = calls.find((one) => one.id === this.call.id);
    if (call) this.#show(call);
    else this.hooks.onGone();
  }

  /** @param {Call} call */
  #show(call) {
    this.call = call;
    this.talk = newerTalk(this.talk, call.talk);
    this.deck?.play(playedLegs(call));
    this.hooks.onCall(call);
  }

  /** @param {Record<string, import("../wire/messages.js").Figures>} counted by leg */
  #count(counted) {
    for (const { id } of this.call.legs) {
      const figures = counted[id];
      if (!figures) continue;
      const packets = takePackets(this.packets.get(id), figures, Date.now());
      this.packets.set(id, packets);
      this.hooks.onPackets(id, packets);
    }
  }
}
