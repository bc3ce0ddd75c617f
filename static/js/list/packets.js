/**
 * Says in words whether the network has just lost packets of an RTP tap. Pure; the
 * server sends the figures once a second, and leaves out the zeros.
 */

import { fill, gettext, ngettext } from "../ui/i18n.js";
import { list, number } from "../ui/locale.js";
import { SAMPLE_RATE } from "../wire/protocol.js";

const RECENT_MS = 10_000;
const LATE_MS = 3_000; // three reports are due in this time
const REFUSED = 5; // packets from elsewhere in RECENT_MS; fewer than these are strays

/** @typedef {import("../wire/messages.js").Figures} Figures */
/** @typedef {{at: number, missing: number, strangers: number}} Report */

/**
 * @typedef {object} Packets
 * @property {Figures} figures the newest ones
 * @property {number} at when they arrived
 * @property {[...Report[], Report]} past the reports of the last 10 s, oldest first
 */

/**
 * @typedef {object} Network
 * @property {boolean} losing packets went missing in the last 10 s
 * @property {boolean} refusing another sender's packets were refused in the last 10 s
 * @property {string} words one line
 * @property {string} verdict whether the network or the call is bad
 * @property {string} counts the totals of the whole call
 */

/**
 * A figure as the page shows it. The server's "lost" is RFC 3550's, in which a duplicate
 * hides a loss. Duplicates are added to it here, because people mean packets that never
 * arrived.
 * @param {Figures} figures
 * @param {string} name
 */
export function figureOf(figures, name) {
  const duplicates = name === "lost" ? (figures.duplicate ?? 0) : 0;
  return Math.max(0, (figures[name] ?? 0) + duplicates);
}

/** The number of packets whose audio was not there in time. @param {Figures} figures */
function missing(figures) {
  return figureOf(figures, "lost") + figureOf(figures, "late");
}

/**
 * @param {Packets | undefined} known
 * @param {Figures} figures
 * @param {number} now
 * @returns {Packets}
 */
export function takePackets(known, figures, now) {
  const past = known ? known.past.filter((one) => now - one.at <= RECENT_MS) : [];
  const report = { at: now, missing: missing(figures), strangers: figureOf(figures, "strangers") };
  return { figures, at: now, past: [...past, report] };
}

/**
 * @param {Packets | undefined} packets
 * @param {number} now
 * @param {number} breaks how often the player ran dry
 * @returns {Network | null} null while nothing is known
 */
export function network(packets, now, breaks) {
  if (!packets || now - packets.at > LATE_MS) return null;
  const recent = lately(packets.past);
  const refusing = isRefusing(packets);
  return {
    losing: recent > 0,
    refusing,
    words: lineWords(packets.figures, recent, refusing),
    verdict: recent ? LOSING : CALM,
    counts: [refusing ? REFUSED_WHY : "", countsWords(packets.figures), breaksWords(breaks)].filter(Boolean).join(" "),
  };
}

const REFUSED_WHY = gettext(
  "Another sender sends audio to this call’s port, and it is not played. If you hear the wrong call, tell your administrator.",
);
const LOSING = gettext("The crackling comes from the carrier’s network, not from yours.");
const CALM = gettext(
  "The carrier’s network is fine. If the sound crackles now, the cause is the call itself or your own network.",
);

/**
 * What is said in one line, for those who watch.
 * @param {Figures} figures
 * @param {number} recent packets that went missing in the last 10 s
 * @param {boolean} refusing
 */
function lineWords(figures, recent, refusing) {
  // Translators: n counts packets
  const missed = ngettext("%(n)s missing in the last 10 s", "%(n)s missing in the last 10 s", recent);
  // Translators: counts say how many packets were lost and late; ms is milliseconds
  const calm = gettext("%(counts)s, jitter %(ms)s ms");
  const said = fill(recent ? missed : calm, { n: number(recent), counts: list(lossWords(figures)), ms: jitter(figures) });
  // Translators: RTP is the protocol; words say how many packets are missing, and the like
  return fill(refusing ? gettext("RTP: another sender is being refused; %(words)s") : gettext("RTP: %(words)s"), { words: said });
}

/** @param {Figures} figures */
function lossWords(figures) {
  const [lost, late] = [figureOf(figures, "lost"), figureOf(figures, "late")];
  return [
    // Translators: n counts packets
    counted(ngettext("%(n)s lost", "%(n)s lost", lost), lost),
    // Translators: n counts packets that came too late to be heard
    counted(ngettext("%(n)s late", "%(n)s late", late), late),
  ];
}

/** The totals of the whole call. @param {Figures} figures */
function countsWords(figures) {
  const of = (/** @type {string} */ name) => figureOf(figures, name);
  const [received, reordered, duplicate, wrong] = [of("received"), of("reordered"), of("duplicate"), of("clock_mismatch")];
  const counts = [
    counted(ngettext("%(n)s packet received so far", "%(n)s packets received so far", received), received),
    ...lossWords(figures),
    // Translators: n counts packets
    counted(ngettext("%(n)s out of order", "%(n)s out of order", reordered), reordered),
    // Translators: n counts packets
    counted(ngettext("%(n)s duplicate", "%(n)s duplicates", duplicate), duplicate),
  ];
  // Translators: n counts packets
  if (wrong) counts.push(counted(ngettext("%(n)s with a wrong timestamp", "%(n)s with a wrong timestamp", wrong), wrong));
  // Translators: counts say how many packets were received, lost and so on; ms is milliseconds
  return fill(gettext("%(counts)s; jitter %(ms)s ms."), { counts: list(counts), ms: jitter(figures) });
}

/** @param {number} breaks how often the player ran dry */
function breaksWords(breaks) {
  if (!breaks) return gettext("Your playback never ran out of audio.");
  return counted(ngettext("Your playback ran out of audio %(n)s time.", "Your playback ran out of audio %(n)s times.", breaks), breaks);
}

/**
 * @param {string} words
 * @param {number} n
 */
function counted(words, n) {
  return fill(words, { n: number(n) });
}

/** @param {Figures} figures */
function jitter(figures) {
  return number(figureOf(figures, "jitter_ms"), 1);
}

/**
 * Has another address than the sender's kept sending in the last 10 s?
 * @param {Packets} packets
 */
export function isRefusing({ past }) {
  const newest = past[past.length - 1] ?? past[0];
  return newest.strangers - past[0].strangers >= REFUSED;
}

/**
 * The number of packets that went missing in the last 10 s. A packet that was overtaken
 * looks lost until it arrives, so a loss counts only once two reports in a row have it.
 * @param {Packets["past"]} past
 */
function lately(past) {
  const twice = Math.min(...past.slice(-2).map((one) => one.missing));
  return Math.max(0, twice - past[0].missing);
}

/**
 * A figure as text, as monitor/services/packet_figures.py writes it.
 * @param {string} unit
 * @param {number} value
 * @returns {string} empty for zero
 */
export function shown(unit, value) {
  if (!(value > 0)) return "";
  if (unit === "samples") return `${number(value / SAMPLE_RATE, 2)} s`;
  return unit === "ms" ? `${number(value, 1)} ms` : number(Math.trunc(value));
}
