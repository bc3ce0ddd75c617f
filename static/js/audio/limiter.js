/** The limiter, through which all decks of a page are heard: worklets/limiter.js says what it does. */

/**
 * Connect what all decks are connected to with the device. The context must have loaded the worklets.
 *
 * The document then gets an "earshot:audio" event with {context, output}. Recorders and analysers
 * that are connected to `output` hear what the listener hears: the sum of all decks.
 * @param {AudioContext} context
 * @param {AudioNode} master
 * @param {() => void} onFailure it has stopped, and nothing is heard any more
 */
export function connectLimiter(context, master, onFailure) {
  const output = new AudioWorkletNode(context, "earshot-limiter", {
    channelCount: 2,
    channelCountMode: "explicit", // or the first deck that is panned would change its shape
    outputChannelCount: [2],
  });
  output.onprocessorerror = onFailure;
  master.connect(output).connect(context.destination);
  document.dispatchEvent(new CustomEvent("earshot:audio", { detail: { context, output } }));
}
