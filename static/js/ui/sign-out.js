/**
 * The end of a session, told to all pages of this browser. A page with a socket learns of it from
 * the server; the others learn of it here.
 */

const CHANNEL = "earshot.sign-out";

/** Tell the other pages that this browser's session has ended. */
export function tellSignedOut() {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage("");
  channel.close();
}

/**
 * Run something when another page says that the session has ended.
 * @param {import("./scope.js").Scope} scope
 * @param {() => void} run
 */
export function onSignedOut(scope, run) {
  const channel = new BroadcastChannel(CHANNEL);
  scope.own(() => channel.close());
  scope.listen(channel, "message", run);
}
