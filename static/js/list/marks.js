/**
 * What the list shows of changes: in which order the rows stand while somebody's pointer is on
 * them, and which rows are marked as new, changed or ended. Pure: the time is given.
 */

import { moved } from "./moves.js";

const POINTER_RESTS_MS = 3000;
const KEYS_REST_MS = 3000;
const MARKED_MS = 6000;
/** How the face of a call begins that is over, and how that of another one does. */
const OVER = "-";
const ON = "+";

/**
 * What the user does with the list.
 * @typedef {object} Hands
 * @property {boolean} pressed a mouse button or a finger is down on it
 * @property {number} pointerAt when the pointer last moved on it; -Infinity while it is elsewhere
 * @property {number} keyAt when a key last moved the focus in it; -Infinity while that is elsewhere
 */

/**
 * @typedef {object} Arrangement
 * @property {readonly string[]} ids the rows as they stand, top down; the same array while none moves
 * @property {ReadonlySet<string>} waiting rows that move or leave as soon as the list is at rest
 */

/** @typedef {"new" | "changed" | "ended"} MarkKind */
/** @typedef {{kind: MarkKind, until: number}} Mark */

/**
 * What a mark must know of a call.
 * @typedef {object} MarkedCall
 * @property {string} id
 * @property {string} state
 * @property {boolean} over nothing of it will be heard any more
 * @property {readonly {kind: string}[]} attention why a supervisor should look at it
 */

/**
 * @typedef {object} Marks
 * @property {ReadonlyMap<string, string> | null} faces what each row last said; null before the first
 * @property {ReadonlyMap<string, Mark>} marks by the call's id
 */

/**
 * Must the rows stay where they are?
 * @param {Hands} hands
 * @param {number} now
 */
export function isBusy({ pressed, pointerAt, keyAt }, now) {
  return pressed || now - pointerAt < POINTER_RESTS_MS || now - keyAt < KEYS_REST_MS;
}

/** @returns {Arrangement} */
export function emptyArrangement() {
  return { ids: [], waiting: new Set() };
}

/**
 * Decide where the rows stand. At rest they stand as wanted. While the list is busy, every row
 * that is known stays where it is, even if the filter no longer wants it, and new rows are added
 * below all others. A user who has just chosen another order or filter waits for the list to
 * change, so the list is at rest then, wherever the pointer is.
 * @param {Arrangement} shown
 * @param {readonly string[]} wanted the rows that should be shown, in their order
 * @param {{has: (id: string) => boolean}} known all calls of the list, filtered out or not
 * @param {boolean} busy
 * @returns {Arrangement}
 */
export function arrange(shown, wanted, known, busy) {
  const ids = busy ? inPlace(shown.ids, wanted, known) : wanted;
  const same = ids.length === shown.ids.length && ids.every((id, place) => id === shown.ids[place]);
  return { ids: same ? shown.ids : ids, waiting: busy ? waitingFor(ids, wanted) : new Set() };
}

/**
 * @param {readonly string[]} shown
 * @param {readonly string[]} wanted
 * @param {{has: (id: string) => boolean}} known
 */
function inPlace(shown, wanted, known) {
  const kept = shown.filter((id) => known.has(id));
  const there = new Set(kept);
  return [...kept, ...wanted.filter((id) => !there.has(id))];
}

/**
 * @param {readonly string[]} ids
 * @param {readonly string[]} wanted
 */
function waitingFor(ids, wanted) {
  const stays = new Set(wanted);
  return new Set([...moved(ids, wanted), ...ids.filter((id) => !stays.has(id))]);
}

/** @returns {Marks} of a list that has never been filled */
export function noMarks() {
  return { faces: null, marks: new Map() };
}

/**
 * Mark what has changed since the last time. Give it all calls of the list, filtered out or
 * not, or a filter that is cleared would make calls look new; and give it none before the first
 * snapshot, whose calls are not new. The mark of a row that waits for its place does not fade,
 * because it will explain why the row moves.
 * @param {Marks} before
 * @param {Iterable<MarkedCall>} calls
 * @param {ReadonlySet<string>} waiting
 * @param {number} now
 * @returns {Marks}
 */
export function mark({ faces, marks }, calls, waiting, now) {
  /** @type {Map<string, string>} */
  const nextFaces = new Map();
  /** @type {Map<string, Mark>} */
  const next = new Map();
  for (const call of calls) {
    const face = faceOf(call);
    nextFaces.set(call.id, face);
    const old = fading(marks.get(call.id), waiting.has(call.id), now);
    const kind = faces && changeOf(call, face, faces.get(call.id), old);
    if (kind) next.set(call.id, { kind, until: now + MARKED_MS });
    else if (old) next.set(call.id, old);
  }
  return { faces: nextFaces, marks: next };
}

/** What a row says that is worth a mark. @param {MarkedCall} call */
function faceOf({ over, state, attention }) {
  const kinds = attention.map(({ kind }) => kind).sort();
  return [over ? OVER : ON, state, ...kinds].join(" ");
}

/**
 * @param {MarkedCall} call
 * @param {string} face
 * @param {string | undefined} known what the row said before
 * @param {Mark | undefined} old
 * @returns {MarkKind | null}
 */
function changeOf({ over }, face, known, old) {
  if (face === known) return null;
  if (over && !known?.startsWith(OVER)) return "ended";
  if (known === undefined) return "new";
  // Every call changes from starting to live in its first seconds, and is still new then.
  return old?.kind === "new" ? null : "changed";
}

/**
 * @param {Mark | undefined} old
 * @param {boolean} waits
 * @param {number} now
 */
function fading(old, waits, now) {
  if (!old) return undefined;
  if (waits) return { ...old, until: now + MARKED_MS };
  return old.until > now ? old : undefined;
}
