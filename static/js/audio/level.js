/** Levels of sound, in dBFS. */

/** The lowest level: digital silence. The server's meters stop here, too. */
export const FLOOR_DB = -96;

/**
 * @param {number} linear 1 is full scale
 * @returns {number} dBFS, never below the floor
 */
export function toDb(linear) {
  return linear > 0 ? Math.max(FLOOR_DB, 20 * Math.log10(linear)) : FLOOR_DB;
}
