/** Whether this browser may show notifications on the desktop: the user must want it, and the browser allow it. */

/** @typedef {import("./settings.js").Settings} Settings */

/** Can this browser notify at all? Only over https; phones cannot without an installed app. */
export function canNotify() {
  return "Notification" in globalThis;
}

/** @param {Settings} settings */
export function mayNotify(settings) {
  return settings.get("alerts") && canNotify() && Notification.permission === "granted";
}

/**
 * Ask the browser's permission. Call it inside a click.
 * @returns {Promise<boolean>}
 */
export async function askToNotify() {
  return (await Notification.requestPermission()) === "granted";
}
