/**
 * The messages between a page and its player on the audio thread, as types. This file
 * holds no code: both sides name it in their comments only.
 */

/**
 * @typedef {object} PlayerOptions what a player is made with
 * @property {number} [inputRate] samples per second of the call
 * @property {number} [targetSeconds] how long live audio waits before it is played
 * @property {number} [ringSeconds] how much audio it holds at 8000 samples per second
 */

/** @typedef {{type: "push", pcm: Int16Array, position: number, flags: number}} Push audio to play next */
/** @typedef {{type: "configure", rate: number}} Configure the call's rate; this empties the ring */
/** @typedef {{type: "target", seconds: number}} HoldTarget how long live audio waits from now on, if it arrives early */
/** @typedef {{type: "seek", number: number}} Seek what is pushed next is elsewhere; reports name the number once it is heard */
/** @typedef {{type: "pace", speed: number, follow: boolean}} Pace 1 to 2; follow: stay live */
/** @typedef {{type: "gain", automatic: boolean}} SetGain automatic: voices are heard about equally loud */
/** @typedef {{type: "end"}} PlayOut play what is buffered, then finish */
/** @typedef {{type: "stop"}} FadeOut fade out, then finish */

/** @typedef {Push | Configure | HoldTarget | Seek | Pace | SetGain | PlayOut | FadeOut} PlayerMessage from the page */

/**
 * @typedef {object} Report from the audio thread, about four times a second
 * @property {"report"} type
 * @property {boolean} playing samples were rendered since the last report
 * @property {boolean} ended
 * @property {number} bufferedSamples
 * @property {number | null} positionPlayed
 * @property {number} seek number of the last seek, −1 until what it leads to is heard
 * @property {number} underruns
 * @property {number} drops
 * @property {number} droppedSamples
 * @property {number} rms of what came, before any gain; linear, 1 is full scale
 */

export {};
