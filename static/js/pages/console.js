/** The page of the live list: ties the list, its decks and the socket together. */

import { isHeard } from "../deck/light.js";
import { goesOn, playedLegs } from "../list/calls.js";
import { LastSaid } from "../list/last-said.js";
import { emptyList, reduce } from "../list/state.js";
import { CallList } from "../list/view.js";
import { compareBuild } from "../ui/build.js";
import { part, setAttr, setIcon, setText } from "../ui/dom.js";
import { fill, gettext, ngettext, pgettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { Scope } from "../ui/scope.js";
import { NATIVE } from "../ui/shortcuts.js";
import { tellSignedOut } from "../ui/sign-out.js";
import { readTapWords } from "../ui/tap-words.js";
import { listRefusal, outOfDate } from "../ui/words.js";
import { Close, signInHelps } from "../wire/protocol.js";
import { LiveSocket, socketUrl } from "../wire/socket.js";
import { Alerts } from "./alerts.js";
import { callUrl, onReturn, openOutput, url } from "./common.js";
import { openHeader } from "./header.js";
import { openKeys } from "./keys.js";
import { CallOrders } from "./orders.js";
import { DeckShelf } from "./shelf.js";

/** @typedef {import("../list/state.js").ListState} ListState */
/** @typedef {import("../ui/settings.js").Settings} Settings */

/** @type {Record<ListState["link"], [icon: string, words: string]>} */
const LINK = {
  connecting: ["wait", gettext("Connecting")],
  // Translators: the list shows the calls as they are now
  live: ["live", pgettext("list", "Live")],
  reconnecting: ["wait", gettext("Reconnecting")],
  "signed-out": ["refused", gettext("Signed out")],
  refused: ["refused", gettext("Not connected")],
};

export class ConsolePage {
  list = emptyList();
  said = new LastSaid();

  /**
   * @param {HTMLElement} root
   * @param {Scope} scope
   * @param {Settings} settings the user's
   */
  constructor(root, scope, settings) {
    this.root = root;
    this.scope = scope;
    this.words = readTapWords(root);
    const output = openOutput(root, scope, settings);
    this.shelf = new DeckShelf(root, scope, {
      output,
      settings,
      words: this.words,
      packets: (id) => this.list.packets.get(id),
      talk: (id) => this.#talk(id),
      listed: (followed) => (followed === "list" ? this.calls.matching(this.list.calls) : this.list.calls.values()),
      onChange: () => this.#lit(),
      onClosed: (id, hadFocus) => this.#closed(id, hadFocus),
    });
    this.calls = new CallList(root, scope, {
      settings,
      words: this.words,
      urlOf: (call) => callUrl(root, call.id),
      saidIn: (id) => this.said.of(id),
      onToggle: (id) => this.#toggle(id),
      onDismiss: (id) => this.#apply({ type: "dismiss", id }),
      onRow: (details) => this.orders.show(details),
    });
    this.orders = new CallOrders(root, scope, {
      words: this.words.orders,
      blocks: () => this.shelf.elements,
      onChange: () => this.#render(),
      onAsk: () => output.unlock(),
      onStarted: (call) => this.shelf.open(call),
    });
    this.socket = new LiveSocket({
      url: socketUrl(url(root, "console")),
      onMessage: (message) => this.#receive(message),
      onState: (state) => this.#linked(state),
    });
    scope.own(() => this.socket.close());
    this.#keys(settings);
    this.alerts = new Alerts(scope, settings, (id) => this.calls.focus(id));
    onReturn(scope, () => this.#hurry());
    scope.interval(() => this.#tick(), 1000);
    this.socket.open();
    if (root.hasAttribute("data-can-listen")) output.prepare();
  }

  /** @param {string} id */
  #toggle(id) {
    const call = this.list.calls.get(id);
    if (this.shelf.calls.has(id)) this.shelf.close(id);
    else if (call && playedLegs(call).length) this.shelf.open(call);
  }

  /** @param {Settings} settings */
  #keys(settings) {
    const { select, ...deck } = this.shelf.actions;
    const list = () => this.calls.focus(""); // from elsewhere: in the list, its own keys move
    openKeys(this.root, this.scope, settings, {
      actions: {
        next: list,
        previous: list,
        first: NATIVE,
        last: NATIVE,
        dismiss: NATIVE,
        find: () => this.calls.tools.find(),
        ...(this.root.hasAttribute("data-can-listen") && {
          listen: NATIVE,
          stop: () => this.#stop(),
          deck: (key) => select(Number(key)),
          mute: deck.mute,
          solo: deck.solo,
          back: () => deck.step(-10),
          forward: () => deck.step(10),
          live: () => deck.goLive(),
          ...(this.root.hasAttribute("data-can-read") && { words: () => deck.words() }),
        }),
      },
      holdSolo: deck.holdSolo,
    });
  }

  /** Stop the call of the row that has the focus, else the one of the selected deck. */
  #stop() {
    const { focused = "" } = this.calls;
    if (this.shelf.calls.has(focused)) this.shelf.close(focused);
    else this.shelf.actions.stop();
  }

  /**
   * @param {string} id
   * @param {boolean} hadFocus
   */
  #closed(id, hadFocus) {
    // A call that has ended was kept in the list only because it was on a deck.
    if (this.list.leaving.has(id)) this.#apply({ type: "dismiss", id });
    else this.#render();
    if (hadFocus) this.calls.focus(id);
  }

  /** A deck has another light. If a call is heard, the server is there: the list need not wait its turn. */
  #lit() {
    if ([...this.shelf.heard.values()].some(({ audio }) => isHeard(audio))) this.socket.retryNow();
    this.#render();
  }

  #hurry() {
    this.socket.retryNow();
    this.shelf.hurry();
  }

  /**
   * What is known of a call's talk.
   * @param {string} id
   * @returns {import("../deck/talk.js").KnownTalk}
   */
  #talk(id) {
    const { calls, link, offset, talks } = this.list;
    const isCounted = link === "live" && calls.get(id)?.over === false;
    return { talk: talks.get(id) ?? null, serverNow: isCounted ? Date.now() + offset : null };
  }

  /** @param {import("../list/state.js").ListEvent} event */
  #apply(event) {
    const before = this.list;
    this.list = reduce(this.list, event, Date.now());
    if (this.list === before) return;
    this.shelf.update(this.list.calls);
    this.#render();
  }

  /** @param {import("../wire/messages.js").ConsoleMessage} message */
  #receive(message) {
    if (message.type === "talk") {
      this.list = reduce(this.list, message, Date.now()); // decks show it with their next tick
    } else if (message.type === "meters") {
      // Only the meters are drawn, because nothing else on the page has changed.
      this.list = reduce(this.list, message, Date.now());
      this.calls.redraw(this.list);
    } else if (message.type === "words") {
      this.said.take(message);
      this.calls.redraw(this.list);
      this.shelf.takeWords(message);
    } else {
      if (message.type === "snapshot") {
        compareBuild(this.root, message.build);
        this.said.reset(message.said);
        this.shelf.reread();
      }
      this.#apply(message);
    }
  }

  /** @param {import("../wire/socket.js").SocketState} state */
  #linked({ phase, code }) {
    if (phase === "open") {
      this.shelf.hurry(); // the server is there, so decks need not wait their turn
      return; // the list is live only when the snapshot has arrived
    }
    const signedOut = signInHelps(code);
    const refused = phase === "closed" || code === Close.TOO_MANY;
    const waiting = phase === "waiting" ? "reconnecting" : "connecting";
    const link = signedOut ? "signed-out" : refused ? "refused" : waiting;
    if (signedOut) {
      tellSignedOut();
      this.shelf.closeAll();
    }
    this.#apply({ type: "link", link, code });
  }

  #tick() {
    const held = new Set([...this.shelf.calls, ...this.calls.held]);
    this.#apply({ type: "tick", held });
    this.said.keep(this.list.calls);
    this.#render(); // time has passed, and levels may have stopped arriving
    this.shelf.render(); // a light may change because nothing arrived
  }

  #render() {
    const { list, root } = this;
    setAttr(root, "data-state", list.link);
    this.calls.render(list, this.shelf.heard);
    this.orders.update(list.calls);
    this.#renderLink();
    this.#renderPanels();
    const state = list.link === "live" ? gettext("Live calls") : LINK[list.link][1];
    document.title = `${this.alerts.update(list, Date.now())}${this.shelf.title || state} – Earshot`;
  }

  #renderLink() {
    const { list, root } = this;
    const [icon, words] = LINK[list.link];
    setIcon(part(root, "link-icon"), icon);
    setText(part(root, "link-words"), words);
    const active = [...list.calls.values()].filter(goesOn).length;
    setText(part(root, "summary"), list.link === "live" && active ? callsWords(active) : "");
    setText(part(root, "banner"), list.link === "reconnecting" ? outOfDate(list.code) : "");
  }

  #renderPanels() {
    const { list, root } = this;
    const out = list.link === "signed-out" || list.link === "refused";
    const [title, words] = listRefusal(list.code);
    part(root, "panel").hidden = !out;
    setText(part(root, "panel-title"), out ? title : "");
    setText(part(root, "panel-words"), out ? words : "");
    part(root, "panel-link").hidden = list.link !== "signed-out";
    part(root, "empty").hidden = !(list.link === "live" && !list.calls.size);
    part(root, "calls").hidden = out || !list.calls.size;
  }
}

/** @param {number} n */
function callsWords(n) {
  return fill(ngettext("%(n)s call", "%(n)s calls", n), { n: number(n) });
}

const page = document.getElementById("console");
if (page) {
  const scope = new Scope();
  new ConsolePage(page, scope, openHeader(part(document, "header"), scope));
}
