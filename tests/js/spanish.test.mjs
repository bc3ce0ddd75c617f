// What a page in Spanish says: whole sentences of its catalogue, with the plurals, numbers and
// durations of its language.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/spanish.mjs";
import { idleFacts } from "../../static/js/deck/facts.js";
import { audioLight } from "../../static/js/deck/light.js";
import { nextAlert, NOTHING_TOLD } from "../../static/js/list/alerts.js";
import { conditionWords, urgentNews } from "../../static/js/list/attention.js";
import { everyCall, matcher, readView, writeView } from "../../static/js/list/filter.js";
import { emptyListing } from "../../static/js/list/listing.js";
import { orderWords, refusalWords } from "../../static/js/list/orders.js";
import { network, takePackets } from "../../static/js/list/packets.js";
import { emptyList } from "../../static/js/list/state.js";
import { Surroundings } from "../../static/js/list/surroundings.js";
import { list, number, percent } from "../../static/js/ui/locale.js";
import { behindWords, refusal, spokenDuration } from "../../static/js/ui/words.js";
import { FakeElement, Ledger } from "./support/page.mjs";
import { call, endedCall, iso, NOW, tap } from "./support/taps.mjs";

/** @typedef {import("../../static/js/wire/messages.js").Call} Call */
/** @typedef {import("../../static/js/wire/messages.js").Condition} Condition */

/**
 * A condition that has held for 42 s.
 * @param {string} kind
 * @param {Partial<Condition>} [changes]
 * @returns {Condition}
 */
function condition(kind, changes = {}) {
  return { kind, leg: null, severity: 60, since: iso(NOW - 42_000), note: "", ...changes };
}

/** @type {[words: string, condition: Condition][]} */
const CONDITIONS = [
  ["El agente pide ayuda", condition("help")],
  ["Pide ayuda: 100%(held)s", condition("help", { note: "100%(held)s" })],
  ["Nadie habla desde hace 0:42", condition("dead_air")],
  ["La persona que llama no habla desde hace 0:42", condition("one_side_silent", { leg: "speak" })],
  ["Un lado no habla desde hace 0:42", condition("one_side_silent")],
];

for (const [words, one] of CONDITIONS) {
  test(`a condition says "${words}"`, () => assert.equal(conditionWords(one, NOW), words));
}

/** @param {string} id */
const needy = (id) => call(id, { attention: [condition("dead_air")], caller_name: "Ann" });

test("news of one call and of several have forms of their own", () => {
  const news = (/** @type {Call[]} */ ...calls) => urgentNews(calls, new Set(), NOW).words;
  assert.equal(news(needy("a")), "Receptionist · Ann: Nadie habla desde hace 0:42");
  assert.equal(news(needy("a"), needy("b")), "2 llamadas necesitan atención: Receptionist · Ann; Receptionist · Ann");
});

test("an alert is in the page's language", () => {
  const { alert } = nextAlert([needy("a"), needy("b")], NOTHING_TOLD, { now: NOW, serverNow: NOW, away: true });
  assert.equal(alert?.title, "2 llamadas necesitan atención");
  assert.equal(alert?.body, "Receptionist: Nadie habla desde hace 0:42");
});

/** A call whose newest Frame, of the time 0, is heard 3.5 s later. */
const LATE = {
  ...idleFacts(tap("t1")), on: true, link: /** @type {const} */ ("open"), playing: true, frameAt: 3400, reportAt: 3500,
  position: 800, positionPlayed: 800, receivedMs: 0.001, exchanges: [{ offset: 0, took: 0 }],
};

test("the light says in words what is heard, and how late", () => {
  assert.equal(audioLight({ ...LATE, receivedMs: 3400 }, 3500).words, "En vivo");
  const { words, detail } = audioLight(LATE, 3500);
  assert.equal(words, "Con retraso");
  assert.equal(detail, "Su conexión es lenta: oye la llamada con 3,5 s de retraso.");
});

test("a close code is a sentence, and an unknown one is named in it", () => {
  assert.equal(refusal(4403), "No tiene permiso para escuchar esta llamada.");
  assert.equal(refusal(4999), "El servidor rechazó la conexión (4999).");
  assert.equal(audioLight({ ...LATE, link: "closed", code: 4403 }, 9000).words, "Sin conexión");
});

/**
 * What is said around the list while `hidden` of its three calls are filtered out.
 * @param {number} hidden
 */
function around(hidden) {
  const root = new FakeElement(new Ledger());
  const calls = new Map(["a", "b", "c"].map((id) => [id, needy(id)]));
  const rows = { ids: ["a"], waiting: new Set(["a"]) };
  const listing = { ...emptyListing(), rows, hidden, needy: hidden };
  const view = { filter: { ...everyCall(), text: "ann" }, order: /** @type {const} */ ("newest") };
  const surroundings = new Surroundings(/** @type {HTMLElement} */ (/** @type {unknown} */ (root)));
  surroundings.show(listing, { ...emptyList(), calls }, view);
  return root;
}

test("the list says how many calls the filter shows and hides", () => {
  const [one, two] = [around(1), around(2)];
  assert.equal(one.part("shown").textContent, "2 de 3 llamadas");
  assert.equal(one.part("needy").textContent, "Su filtro oculta 1 llamada que necesita atención.");
  assert.equal(two.part("needy").textContent, "Su filtro oculta 2 llamadas que necesitan atención.");
  assert.equal(one.part("pill").textContent, "1 fila se moverá");
  assert.equal(one.part("list").getAttribute("aria-label"), "Llamadas, las más nuevas primero");
});

test("a filter's address means the same in every language", () => {
  const query = "q=ann&agent=front_desk&state=tapping&leg=speak&order=newest";
  assert.equal(writeView(readView(query)), query);
  const nameless = call("a", { agent: "" });
  for (const text of ["unnamed", "sin nombre"]) assert.equal(matcher({ ...everyCall(), text })(nameless), false, text);
});

test("orders are told in the words of the server, which are in the page's language", () => {
  const words = {
    underWay: { start: "Se pide a SignalWire que empiece…" },
    errors: { start: { busy: "La escucha no empezó." } },
    refusals: { failed: "Algo falló en el servidor." },
  };
  assert.equal(orderWords(endedCall("a", { order: { kind: "start", error: "" } }), words), "Se pide a SignalWire que empiece…");
  assert.equal(orderWords(endedCall("a", { order: { kind: "start", error: "busy" } }), words), "La escucha no empezó.");
  assert.equal(refusalWords("from_a_newer_server", words), "Algo falló en el servidor.");
});

test("counts of packets have plurals, and a decimal comma", () => {
  const packets = takePackets(undefined, { lost: 1, late: 4, jitter_ms: 1.84 }, 0);
  assert.equal(network(packets, 0, 0)?.words, "RTP: 1 perdido y 4 tardíos, fluctuación de 1,8 ms");
});

test("numbers, lists and durations are written as Spanish does", () => {
  assert.deepEqual([number(12345), number(0.205, 2)], ["12345", "0,20"]);
  assert.match(percent(0.4), /^40\s%$/);
  assert.equal(list(["alice", "bob", "carol"]), "alice, bob, carol");
  assert.equal(spokenDuration(3_727_000), "1 hora 2 minutos 7 segundos");
  assert.equal(behindWords({ behind: 34, liveIn: 68 }), "34 s de retraso, en vivo dentro de 1:08");
});
