/** A small window with the deck of one call, which plays on while the list does something else. */

import { isHeard } from "../deck/light.js";
import { goesOn, playedLegs } from "../list/calls.js";
import { part, setText } from "../ui/dom.js";
import { gettext } from "../ui/i18n.js";
import { Scope } from "../ui/scope.js";
import { agentName, listRefusal, outOfDate, who } from "../ui/words.js";
import { Close } from "../wire/protocol.js";
import { openHeader } from "./header.js";
import { OneCall } from "./one-call.js";
import { openerOf } from "./pop-out.js";

export class DeckPage {
  #told = false; // the page that opened this window knows that it plays

  /**
   * @param {HTMLElement} root
   * @param {Scope} scope
   * @param {import("../ui/settings.js").Settings} settings the user's
   */
  constructor(root, scope, settings) {
    this.root = root;
    this.tellOpener = openerOf(scope, location.hash);
    this.one = new OneCall(root, settings, {
      onCall: () => {},
      onPackets: () => {},
      onGone: () => this.#say(gettext("This call has ended.")),
      onSnapshot: () => this.#say(""),
      onLink: (state) => this.#linked(state),
      onDeck: () => this.#heard(),
      onTick: () => {},
    });
    setText(part(root, "who"), who(this.one.call));
    if (goesOn(this.one.call)) {
      this.one.live(scope);
      this.one.read(scope);
      // Where the browser holds the sound back, the light says which click helps.
      if (playedLegs(this.one.call).length) this.one.listen();
    }
    this.#heard();
  }

  #heard() {
    const { deck, call } = this.one;
    const heard = deck !== null && isHeard(deck.light.state);
    if (heard && !this.#told) {
      this.#told = true;
      this.tellOpener(call.id);
    }
    document.title = `${deck?.on ? (heard ? "▶ " : "⏸ ") : ""}${agentName(call.agent)} – Earshot`;
  }

  /** @param {import("../wire/socket.js").SocketState} state */
  #linked({ phase, code }) {
    if (phase === "closed" || code === Close.TOO_MANY) this.#say(listRefusal(code).join(". "));
    else if (phase === "waiting") this.#say(outOfDate(code));
  }

  /** @param {string} words */
  #say(words) {
    setText(part(this.root, "banner"), words);
  }
}

const page = document.getElementById("deck-window");
if (page) {
  const scope = new Scope();
  new DeckPage(page, scope, openHeader(part(document, "header"), scope));
}
