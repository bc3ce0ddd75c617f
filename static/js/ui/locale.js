/** How numbers, times and lists are written: as the page's language does. */

const LANGUAGE = globalThis.document?.documentElement?.lang || "en";
/** What a language with a country looks like. Browsers without a language of their own name "en-US@posix". */
const VARIETY = /^([a-z]{2,3})-(?:[A-Z]{2}|\d{3})$/;

/**
 * The page's language. Where the reader's browser names a variety of it, such as en-GB, that one
 * comes first.
 */
export const LOCALES = [...(globalThis.navigator?.languages ?? []).filter(isVariety), LANGUAGE];

/** @param {string} locale */
function isVariety(locale) {
  return VARIETY.exec(locale)?.[1] === LANGUAGE.split("-")[0];
}

// Formats are made once, because making one takes far longer than using it.

/** Numbers with so many decimals. They are not grouped, because those of the server are not. */
const NUMBERS = /** @type {const} */ ([decimal(0), decimal(1), decimal(2)]);
const PERCENT = new Intl.NumberFormat(LOCALES, { style: "percent" });
const UNITS = /** @type {const} */ ([unit("hour"), unit("minute"), unit("second")]);
const COMMAS = new Intl.ListFormat(LOCALES, { type: "unit", style: "short" });
const SPACES = new Intl.ListFormat(LOCALES, { type: "unit", style: "narrow" });
/** Whether hours are counted to 12 or to 24 is a habit of the reader's, whatever the page's language is. */
const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();

/** @param {number} digits */
function decimal(digits) {
  const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(LOCALES, { ...fraction, useGrouping: false });
}

/** @param {string} name */
function unit(name) {
  return new Intl.NumberFormat(LOCALES, { style: "unit", unit: name, unitDisplay: "long" });
}

/**
 * @param {number} value
 * @param {0 | 1 | 2} [decimals]
 */
export function number(value, decimals = 0) {
  // toFixed() rounds as the server does; Intl alone would make 0.21 of 0.205.
  return NUMBERS[decimals].format(Number(value.toFixed(decimals)));
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  return PERCENT.format(share);
}

/** Names or phrases side by side: "alice, bob". @param {readonly string[]} items */
export function list(items) {
  return COMMAS.format(items);
}

/**
 * The parts of a duration in words, without those that are zero: "1 hour 7 seconds".
 * @param {readonly [hours: number, minutes: number, seconds: number]} parts
 */
export function spoken(parts) {
  const said = UNITS.flatMap((format, place) => (parts[place] ? [format.format(parts[place])] : []));
  return said.length ? SPACES.format(said) : UNITS[2].format(0);
}

/**
 * A format of times, which are the reader's local ones.
 * @param {Intl.DateTimeFormatOptions} options
 */
export function timeFormat(options) {
  return new Intl.DateTimeFormat(LOCALES, { ...options, hourCycle });
}
