/** What the list says of a call's conditions: a few words, their explanation, and news. Pure. */

import { fill, gettext, ngettext } from "../ui/i18n.js";
import { number } from "../ui/locale.js";
import { clockTime, duration, who, wordsOf } from "../ui/words.js";
import { goesOn } from "./calls.js";

/** From this severity on a condition is spoken to users of screen readers, once. */
const URGENT = 60;
const ALARMING = 80;
const WORRYING = 50;

/** @typedef {import("../wire/messages.js").Call} Call */
/** @typedef {import("../wire/messages.js").Condition} Condition */
/** @typedef {"alarm" | "warning" | "notice"} Urgency */

/**
 * What is said of a kind of condition.
 * @typedef {object} Wording
 * @property {Forms} words a few words; `held` is for how long it has held
 * @property {Forms} why a sentence; `at` is the time since which it holds
 */

/**
 * @typedef {object} Forms of what is said
 * @property {string} [note] where the agent has given a reason
 * @property {string} [speak] about the caller's side
 * @property {string} [listen] about the agent's side
 * @property {string} any otherwise
 */

/** @type {Record<string, Wording>} */
const WORDINGS = {
  help: {
    words: {
      // Translators: note is what the agent has written
      note: gettext("Asks for help: %(note)s"),
      any: gettext("The agent asks for help"),
    },
    why: {
      // Translators: at is a time of day such as 14:03; note is what the agent has written
      note: gettext("The agent has asked for a person since %(at)s, and gave this reason: %(note)s."),
      any: gettext("Since %(at)s, the agent has asked for a person."),
    },
  },
  wants_person: {
    words: { any: gettext("The caller asks for a person") },
    why: { any: gettext("Since %(at)s, when the caller asked for a person, nobody has listened.") },
  },
  llm_error: {
    words: { any: gettext("The language model fails") },
    why: {
      any: gettext("Since %(at)s, the agent’s language model has failed, or had to be asked again or replaced. Answers may be late or missing."),
    },
  },
  tool_fails: {
    words: {
      // Translators: note is the name of a tool that the agent uses
      note: gettext("The tool %(note)s keeps failing"),
      any: gettext("A tool keeps failing"),
    },
    why: {
      // Translators: note is the name of a tool that the agent uses
      note: gettext("Since %(at)s, the tool %(note)s has failed again and again: the agent cannot do what needs it."),
      any: gettext("Since %(at)s, a tool has failed again and again: the agent cannot do what needs it."),
    },
  },
  phrase: {
    words: { any: gettext("A watched phrase was said") },
    why: { any: gettext("Since %(at)s, when a phrase was said that your organization watches for, nobody has listened.") },
  },
  long_hold: {
    // Translators: held is a duration such as 0:42
    words: { any: gettext("On hold for %(held)s") },
    why: { any: gettext("Since %(at)s, the agent has been on hold and hears nothing.") },
  },
  slow_answers: {
    words: { any: gettext("The agent answers slowly") },
    why: { any: gettext("Since %(at)s, the caller has usually waited too long for the agent’s answers.") },
  },
  barge_ins: {
    words: { any: gettext("The caller keeps interrupting") },
    why: { any: gettext("Since %(at)s, the caller has interrupted the agent again and again.") },
  },
  one_way: {
    words: {
      speak: gettext("The caller’s side sends packets but no sound"),
      listen: gettext("The agent’s side sends packets but no sound"),
      any: gettext("Packets arrive but no sound"),
    },
    why: {
      any: gettext("Audio has arrived since %(at)s, but its level never moves: a dead line or microphone sounds like that."),
    },
  },
  dead_air: {
    words: {
      // Translators: held is a duration such as 0:42
      any: gettext("Nobody has spoken for %(held)s"),
    },
    why: { any: gettext("Audio arrives, but since %(at)s no speech has been found in it.") },
  },
  one_side_silent: {
    words: {
      // Translators: held is a duration such as 0:42
      speak: gettext("The caller has been silent for %(held)s"),
      listen: gettext("The agent has been silent for %(held)s"),
      any: gettext("One side has been silent for %(held)s"),
    },
    why: {
      speak: gettext("No speech has been found on the caller’s side since %(at)s, while the other side spoke."),
      listen: gettext("No speech has been found on the agent’s side since %(at)s, while the other side spoke."),
      any: gettext("No speech has been found on the silent side since %(at)s, while the other side spoke."),
    },
  },
  clipping: {
    words: {
      speak: gettext("The caller is too loud and distorted"),
      listen: gettext("The agent is too loud and distorted"),
      any: gettext("The sound is too loud and distorted"),
    },
    why: { any: gettext("Since %(at)s, loud parts of the audio have been cut off at full scale.") },
  },
  talk_over: {
    words: { any: gettext("Both sides speak at once") },
    why: { any: gettext("Since %(at)s, both sides have often spoken at the same time.") },
  },
  long_call: {
    words: { any: gettext("A long call") },
    why: { any: gettext("Since %(at)s, the call has lasted longer than calls usually should.") },
  },
};

/** For conditions that only a newer server knows. @type {Wording} */
const UNKNOWN = {
  words: {
    // Translators: kind is an English word or two, for which this page has no translation
    any: gettext("Needs attention: %(kind)s"),
  },
  why: { any: gettext("It has held since %(at)s; reload the page to learn what it means.") },
};

/**
 * Say something of a condition in the form that fits it.
 * @param {Forms} forms
 * @param {Condition} condition
 * @param {Record<string, string>} values
 */
function filled(forms, { kind, leg, note }, values) {
  const ofSide = leg === "speak" || leg === "listen" ? forms[leg] : undefined;
  const form = (note && forms.note) || ofSide || forms.any;
  return fill(form, { ...values, note, kind: kind.replaceAll("_", " ") });
}

/**
 * What a condition is, in a few words: "Nobody has spoken for 0:42".
 * @param {Condition} condition
 * @param {number} serverNow
 */
export function conditionWords(condition, serverNow) {
  const { words } = WORDINGS[condition.kind] ?? UNKNOWN;
  return filled(words, condition, { held: duration(serverNow - Date.parse(condition.since)) });
}

/**
 * What it means, and since when it holds.
 * @param {Condition} condition
 */
export function conditionReason(condition) {
  const { why } = WORDINGS[condition.kind] ?? UNKNOWN;
  return filled(why, condition, { at: clockTime(condition.since) });
}

/**
 * @param {Condition} condition
 * @returns {Urgency}
 */
export function urgencyOf({ severity }) {
  if (severity >= ALARMING) return "alarm";
  return severity >= WORRYING ? "warning" : "notice";
}

/**
 * The urgent conditions that have come up since the last time, in one sentence, so that the page
 * can speak them once. A condition that has ended and comes back is told again.
 * @param {Iterable<Call>} calls
 * @param {ReadonlySet<string>} told the urgent conditions of the last time
 * @param {number} serverNow
 * @returns {{words: string, told: ReadonlySet<string>}} "" where there is nothing new
 */
export function urgentNews(calls, told, serverNow) {
  const urgent = [...calls].filter(goesOn).flatMap((call) => urgentOf(call));
  const news = urgent.filter(({ key }) => !told.has(key));
  const [first] = news;
  const fresh = [...new Set(news.map(({ call }) => call))];
  return { words: first ? newsWords(fresh, first, serverNow) : "", told: new Set(urgent.map(({ key }) => key)) };
}

/**
 * The urgent conditions of a call, each with a key that it keeps.
 * @param {Call} call
 */
export function urgentOf(call) {
  const urgent = call.attention.filter(({ severity }) => severity >= URGENT);
  return urgent.map((condition) => ({ call, condition, key: `${call.id} ${condition.kind} ${condition.leg}` }));
}

/**
 * @param {Call[]} calls
 * @param {{call: Call, condition: Condition}} first
 * @param {number} serverNow
 */
function newsWords(calls, { call, condition }, serverNow) {
  if (calls.length === 1) return wordsOf(who(call), conditionWords(condition, serverNow));
  const n = calls.length;
  // Translators: calls names them
  const words = ngettext("%(n)s call needs attention: %(calls)s", "%(n)s calls need attention: %(calls)s", n);
  return fill(words, { n: number(n), calls: calls.map(who).join("; ") });
}
