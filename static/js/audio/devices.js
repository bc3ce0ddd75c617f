/**
 * The sound devices that a page may play on. Browsers name them only to pages that may use the
 * microphone, and each browser names them in its own way.
 */

import { browserId, ensureBrowserId } from "../ui/browser-id.js";

/** @typedef {import("../ui/settings.js").Settings} Settings */
/** @typedef {{id: string, label: string}} Device */

/** Entries that stand for a device which the system has chosen, and not for one device. */
const NOT_ONE_DEVICE = new Set(["", "default", "communications"]);

/** Can a page choose its device in this browser? Firefox and Safari play on the system's own. */
export function canChooseDevice() {
  const isKnown = Boolean(globalThis.AudioContext && "setSinkId" in AudioContext.prototype);
  return isKnown && Boolean(navigator.mediaDevices);
}

/** @returns {Promise<Device[]>} none while the browser hides their names */
export async function soundDevices() {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter(({ kind, deviceId }) => kind === "audiooutput" && !NOT_ONE_DEVICE.has(deviceId))
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/**
 * Let the browser ask the user for the microphone, which is closed at once: then it names devices.
 * @returns {Promise<boolean>} whether the user agreed
 */
export async function askForNames() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
    return true;
  } catch {
    return false; // refused, or there is no microphone
  }
}

/**
 * The device that was chosen in this browser, or "" for the system's own.
 * @param {Settings} settings
 */
export function chosenDevice(settings) {
  const browser = browserId();
  return settings.get("outputs").find((one) => one.browser === browser)?.device ?? "";
}

/**
 * @param {Settings} settings
 * @param {string} device
 */
export function chooseDevice(settings, device) {
  settings.set("outputs", [{ browser: ensureBrowserId(), device }]);
}
