// A user's settings, as the server hands them to a page.

/** @typedef {import("../../../static/js/ui/settings.js").UserSettings} UserSettings */

/**
 * Make the settings of a user who has changed only these.
 * @param {Partial<UserSettings>} [changes]
 * @returns {UserSettings}
 */
export function settingsOf(changes) {
  return {
    volume: 1, mono: false, automatic_gain: true, outputs: [], order: "attention", views: [], theme: "system",
    language: "", shortcuts: true, alerts: false, transcript: true, ...changes,
  };
}
