/**
 * Which rows must be moved to bring a list into another order. A row that is moved loses the
 * focus and starts its animations again, so as few as possible are. Pure.
 */

/**
 * A rising series of places, from its end.
 * @typedef {object} Rise
 * @property {number} last
 * @property {Rise | null} before
 */

/**
 * The fewest rows that must be put into their places, new ones included; all others stay
 * where they are.
 * @param {readonly string[]} from
 * @param {readonly string[]} to
 * @param {string} [keep] a row that must not be moved, because it has the focus
 * @returns {Set<string>} of ids in `to`
 */
export function moved(from, to, keep) {
  const placeOf = new Map(to.map((id, place) => [id, place]));
  const places = from.flatMap((id) => placeOf.get(id) ?? []);
  const pivot = keep === undefined ? undefined : placeOf.get(keep);
  const stay = longestRise(pivot === undefined ? places : around(places, pivot));
  return new Set(to.filter((_, place) => !stay.has(place)));
}

/**
 * The places that are on the right side of one of them. Every longest rise of these goes
 * through that one.
 * @param {readonly number[]} places
 * @param {number} pivot
 */
function around(places, pivot) {
  const middle = places.indexOf(pivot);
  if (middle < 0) return places;
  return places.filter((place, index) => Math.sign(place - pivot) === Math.sign(index - middle));
}

/**
 * One of the longest rising series among the numbers, which are all different. For each length
 * the series that ends lowest is kept, because every number that can follow another one of that
 * length can follow it too.
 * @param {readonly number[]} numbers
 * @returns {Set<number>}
 */
function longestRise(numbers) {
  /** @type {Rise[]} by length, beginning with 1 */
  const lowest = [];
  for (const last of numbers) {
    const shorter = countBelow(lowest, last);
    lowest[shorter] = { last, before: lowest[shorter - 1] ?? null };
  }
  /** @type {Set<number>} */
  const longest = new Set();
  /** @type {Rise | null} */
  let rise = lowest[lowest.length - 1] ?? null;
  for (; rise; rise = rise.before) longest.add(rise.last);
  return longest;
}

/**
 * How many of these series end below a number. Their ends rise, so a binary search finds it.
 * @param {readonly Rise[]} rises
 * @param {number} number
 */
function countBelow(rises, number) {
  let [low, high] = [0, rises.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const rise = rises[middle];
    if (rise && rise.last < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
