/** Tells the server in which time zone this browser is: the history is written there, by the server. */

const YEAR_S = 365 * 24 * 3600;

const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
const cookie = [`zone=${timeZone}`, "path=/", `max-age=${YEAR_S}`, "samesite=lax"];
if (globalThis.location.protocol === "https:") cookie.push("secure");
// biome-ignore lint/suspicious/noDocumentCookie: Firefox ESR has no Cookie Store API
document.cookie = cookie.join("; ");
