// A page in Spanish: as much of a catalogue as the tests need, as Django's script leaves it behind.
// Import it before the modules whose words it translates.

/** @type {Record<string, string>} */
const TEXTS = {
  "The agent asks for help": "El agente pide ayuda",
  "Asks for help: %(note)s": "Pide ayuda: %(note)s",
  "Nobody has spoken for %(held)s": "Nadie habla desde hace %(held)s",
  "The caller has been silent for %(held)s": "La persona que llama no habla desde hace %(held)s",
  "One side has been silent for %(held)s": "Un lado no habla desde hace %(held)s",
  "sound\u0004Live": "En vivo",
  "Behind live": "Con retraso",
  "Your connection is slow: you hear the call %(seconds)s s late.": "Su conexión es lenta: oye la llamada con %(seconds)s s de retraso.",
  "Not connected": "Sin conexión",
  "Unnamed agent": "Agente sin nombre",
  "The server refused the connection (%(code)s).": "El servidor rechazó la conexión (%(code)s).",
  "You are not allowed to listen to this call.": "No tiene permiso para escuchar esta llamada.",
  "Calls, the newest first": "Llamadas, las más nuevas primero",
  "%(counts)s, jitter %(ms)s ms": "%(counts)s, fluctuación de %(ms)s ms",
  "RTP: %(words)s": "RTP: %(words)s",
  "%(behind)s behind live, live in %(soon)s": "%(behind)s de retraso, en vivo dentro de %(soon)s",
  "position\u0004%(percent)s left": "%(percent)s a la izquierda",
};

/** @type {Record<string, [one: string, many: string]>} by the English form for one */
const PLURALS = {
  "%(n)s call needs attention": ["%(n)s llamada necesita atención", "%(n)s llamadas necesitan atención"],
  "%(n)s call needs attention: %(calls)s": ["%(n)s llamada necesita atención: %(calls)s", "%(n)s llamadas necesitan atención: %(calls)s"],
  "%(n)s call that needs attention is hidden by your filter.": [
    "Su filtro oculta %(n)s llamada que necesita atención.", "Su filtro oculta %(n)s llamadas que necesitan atención.",
  ],
  "%(shown)s of %(n)s call": ["%(shown)s de %(n)s llamada", "%(shown)s de %(n)s llamadas"],
  "%(n)s row will move": ["%(n)s fila se moverá", "%(n)s filas se moverán"],
  "%(n)s lost": ["%(n)s perdido", "%(n)s perdidos"],
  "%(n)s late": ["%(n)s tardío", "%(n)s tardíos"],
};

const gettext = (/** @type {string} */ text) => TEXTS[text] ?? text;

Object.assign(globalThis, {
  document: { documentElement: { lang: "es" } },
  django: {
    gettext,
    ngettext: (/** @type {string} */ one, /** @type {string} */ many, /** @type {number} */ n) =>
      (PLURALS[one] ?? [one, many])[n === 1 ? 0 : 1],
    pgettext: (/** @type {string} */ context, /** @type {string} */ text) => gettext(`${context}\u0004${text}`),
  },
});
