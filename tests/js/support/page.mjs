// A page's elements, which count the listeners on them.
import { Scope } from "../../../static/js/ui/scope.js";
import { Settings } from "../../../static/js/ui/settings.js";
import { settingsOf } from "./settings.mjs";

/** The listeners, the observers, the intervals and the frames of the screen that nobody has removed. */
export class Ledger {
  listeners = 0;
  observers = 0;
  /** Tells the newest observer that an element has come into sight or gone from it. @type {(target: FakeElement, isIntersecting: boolean, height?: number) => void} */
  see = () => {};
  /** What waits for the next frame of the screen. @type {Map<number, () => void>} */
  frames = new Map();
  /** @type {Set<unknown>} */
  intervals = new Set();

  /** Count intervals too. The timers are mocked already. */
  countIntervals() {
    const { setInterval: begin, clearInterval: end } = globalThis;
    const counted = (/** @type {() => void} */ run, /** @type {number} */ ms) => {
      const timer = begin(run, ms);
      this.intervals.add(timer);
      return timer;
    };
    const cleared = (/** @type {ReturnType<typeof setInterval>} */ timer) => {
      this.intervals.delete(timer);
      end(timer);
    };
    Object.assign(globalThis, { setInterval: counted, clearInterval: cleared });
  }
}

/** An event target that writes into a ledger. */
export class CountedTarget extends EventTarget {
  /** @param {Ledger} ledger */
  constructor(ledger) {
    super();
    this.ledger = ledger;
  }

  /** @type {EventTarget["addEventListener"]} */
  addEventListener(...given) {
    this.ledger.listeners += 1;
    super.addEventListener(...given);
  }

  /** @type {EventTarget["removeEventListener"]} */
  removeEventListener(...given) {
    this.ledger.listeners -= 1;
    super.removeEventListener(...given);
  }
}

/** As much of an element as the pages touch. Its parts are made when somebody asks for them. */
export class FakeElement extends CountedTarget {
  /** @type {Record<string, string>} */
  dataset = {};
  /** @type {Map<string, string>} */
  attributes = new Map();
  /** By selector. @type {Map<string, FakeElement>} */
  parts = new Map();
  /** By selector. @type {Map<string, FakeElement[]>} */
  lists = new Map();
  /** @type {(FakeElement | string)[]} */
  children = [];
  hidden = false;
  isConnected = true;
  href = "";
  valueAsNumber = 100;
  value = "";
  classList = { toggle() {} };
  style = { getPropertyValue: () => "", setProperty() {} };
  clientWidth = 600;
  clientHeight = 50;
  /** @type {FakeElement | null} */
  parent = null;

  /** What a template holds. */
  get content() {
    return { cloneNode: () => ({ firstElementChild: new FakeElement(this.ledger) }) };
  }

  /** @returns {string} */
  get textContent() {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }

  set textContent(text) {
    this.children = text ? [text] : [];
  }

  /** The link among the children. @returns {FakeElement | null} */
  get anchor() {
    return this.children.filter((child) => typeof child !== "string").find((child) => child.href) ?? null;
  }

  /** @param {string} selector */
  querySelector(selector) {
    return selector === "a" ? this.anchor : this.#descendant(selector);
  }

  /** @param {string} selector */
  #descendant(selector) {
    const known = this.parts.get(selector);
    if (known) return known;
    const made = new FakeElement(this.ledger);
    this.parts.set(selector, made);
    return made;
  }

  /** @param {string} name */
  part(name) {
    return this.#descendant(`[data-part="${name}"]`);
  }

  /** @param {string} selector */
  querySelectorAll(selector) {
    return this.lists.get(selector) ?? [];
  }

  /** No canvas is drawn on. */
  getContext() {
    return null;
  }

  get firstChild() {
    return this.children[0] ?? null;
  }

  /** @returns {FakeElement | null} */
  get firstElementChild() {
    return this.children.find((child) => typeof child !== "string") ?? null;
  }

  /** All siblings of an element are elements. */
  get nextElementSibling() {
    return this.nextSibling;
  }

  get nextSibling() {
    const beside = this.parent?.children ?? [];
    return beside[beside.indexOf(this) + 1] ?? null;
  }

  setPointerCapture() {}

  closest() {
    return this;
  }

  contains() {
    return false;
  }

  /**
   * Put a child before another one, or behind all of them.
   * @param {FakeElement} child
   * @param {FakeElement | null} next
   */
  insertBefore(child, next) {
    child.remove();
    child.parent = this;
    const at = next ? this.children.indexOf(next) : this.children.length;
    this.children.splice(at, 0, child);
  }

  focus() {}

  scrollIntoView() {}

  /** @param {(FakeElement | string)[]} children */
  replaceChildren(...children) {
    this.children = children;
  }

  /** @param {FakeElement} child */
  append(child) {
    child.parent = this;
    this.children.push(child);
  }

  /** @param {FakeElement} child */
  prepend(child) {
    child.remove();
    child.parent = this;
    this.children.unshift(child);
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this);
  }

  /** @param {string} name */
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  /** @param {string} name */
  hasAttribute(name) {
    return this.attributes.has(name);
  }

  /** @param {string} name */
  removeAttribute(name) {
    this.attributes.delete(name);
  }
}

/** Watches elements, of which it sees one only if the ledger says so. */
class FakeObserver {
  /**
   * @param {Ledger} ledger
   * @param {(entries: object[]) => void} report
   */
  constructor(ledger, report) {
    this.ledger = ledger;
    ledger.observers += 1;
    ledger.see = (target, isIntersecting, height = 49) => report([{ target, isIntersecting, boundingClientRect: { height } }]);
  }

  observe() {}
  unobserve() {}

  disconnect() {
    this.ledger.observers -= 1;
  }
}

/**
 * Put a document in place whose listeners, and those of the window, are counted.
 * @param {Ledger} ledger
 */
export function installDocument(ledger) {
  const page = new CountedTarget(ledger);
  const extras = {
    hidden: false,
    title: "",
    hasFocus: () => true,
    activeElement: null,
    getElementById: () => null,
    createElement: () => new FakeElement(ledger),
  };
  Object.assign(globalThis, {
    document: Object.assign(new CountedTarget(ledger), extras),
    requestAnimationFrame: (/** @type {() => void} */ run) => {
      const number = ledger.frames.size + 1;
      ledger.frames.set(number, run);
      return number;
    },
    cancelAnimationFrame: (/** @type {number} */ number) => ledger.frames.delete(number),
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
    dispatchEvent: page.dispatchEvent.bind(page),
    history: { state: null, replaceState() {} },
    getComputedStyle: () => ({ getPropertyValue: () => "" }),
    ResizeObserver: class extends FakeObserver {
      /** @param {() => void} report */
      constructor(report) {
        super(ledger, report);
      }
    },
    IntersectionObserver: class extends FakeObserver {
      /** @param {(entries: object[]) => void} report */
      constructor(report) {
        super(ledger, report);
      }
    },
  });
}

/**
 * Build a page on a root element, for a user who has changed no setting.
 * @param {new (root: HTMLElement, scope: Scope, settings: Settings) => unknown} Page
 * @param {FakeElement} root
 * @param {Scope} [scope]
 */
export function openPage(Page, root, scope = new Scope()) {
  const settings = new Settings(settingsOf(), scope, async () => ({ kept: true }));
  new Page(/** @type {HTMLElement} */ (/** @type {unknown} */ (root)), scope, settings);
}
