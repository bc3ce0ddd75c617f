/** Which icon of the sprite stands for what a deck hears. */

/** @type {Record<string, string>} by the state of a deck's audio light */
const AUDIO_ICONS = {
  idle: "quiet",
  connecting: "wait",
  buffering: "wait",
  playing: "sound",
  silent: "quiet",
  behind: "behind",
  stalled: "nosound",
  reconnecting: "wait",
  blocked: "nosound",
  paused: "paused",
  muted: "nosound",
  ended: "ended",
  refused: "refused",
  failed: "failed",
};

/** @param {string} state of a deck's audio light */
export function audioIcon(state) {
  return AUDIO_ICONS[state] ?? "wait";
}
