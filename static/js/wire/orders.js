/** Asks the server to have a call tapped, or its taps stopped, or tells it why the user listens. */

const PATIENCE_MS = 15_000;
const TAKEN = 202;

/**
 * @param {string} url
 * @param {string} token against forged requests; the server wrote it into the page
 * @param {Record<string, string>} [fields] what the server must know beside the address
 * @returns {Promise<string>} why the server did not take the order, "" if it did
 */
export async function ask(url, token, fields = {}) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": token },
      body: new URLSearchParams(fields),
      redirect: "manual", // to a page for people, which would answer 200
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return answer.status === TAKEN ? "" : await refusalOf(answer);
  } catch {
    return "unreachable";
  }
}

/**
 * The word in a refusal. A forged request, or one of a page from before the last sign-in, is
 * refused with a page instead.
 * @param {Response} answer
 * @returns {Promise<string>}
 */
async function refusalOf(answer) {
  try {
    const { error } = await answer.json();
    return typeof error === "string" ? error : "failed";
  } catch {
    return answer.status === 403 ? "old_page" : "failed";
  }
}
