/**
 * The page's words in its language. They are in a catalogue that Django makes, and that pages
 * load before their modules. Without one the words stay English, as they are written here.
 */

/**
 * What the catalogue's script leaves behind, as far as it is used here.
 * @typedef {object} Catalogue
 * @property {(text: string) => string} gettext
 * @property {(one: string, many: string, n: number) => string} ngettext
 * @property {(context: string, text: string) => string} pgettext
 */

const { django: catalogue } = /** @type {{django?: Catalogue}} */ (globalThis);

/**
 * The text in the page's language.
 * @param {string} text in English
 */
export function gettext(text) {
  return catalogue ? catalogue.gettext(text) : text;
}

/**
 * The form of a text that fits a number.
 * @param {string} one in English, for one
 * @param {string} many in English, for any other number
 * @param {number} n
 */
export function ngettext(one, many, n) {
  return catalogue ? catalogue.ngettext(one, many, n) : n === 1 ? one : many;
}

/**
 * The text in the page's language, where the same English means two things.
 * @param {string} context what tells them apart
 * @param {string} text in English
 */
export function pgettext(context, text) {
  return catalogue ? catalogue.pgettext(context, text) : text;
}

/**
 * Put values in a text's places: "%(count)s calls". A place without a value stays, so that it is seen.
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (place, name) => String(values[name] ?? place));
}
