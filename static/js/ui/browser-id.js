/** The name by which the server knows this browser: the one thing that a page keeps in it. */

const KEY = "earshot.browser";

/** @returns {string} "" until the browser was given one */
export function browserId() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // storage is switched off
  }
}

/** @returns {string} a new one where there is none */
export function ensureBrowserId() {
  const id = browserId() || crypto.randomUUID();
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // storage is switched off: what is kept under this name is not found again
  }
  return id;
}
