/** The pages on which the browser asks for a security key: one to add, or one to sign in with. */

import { part, setText } from "../ui/dom.js";
import { gettext } from "../ui/i18n.js";

const options = document.getElementById("key-options");

/**
 * What the server wants of the key.
 * @typedef {object} KeyOptions
 * @property {{publicKey: PublicKeyCredentialCreationOptionsJSON}} [creation_options]
 * @property {{publicKey: PublicKeyCredentialRequestOptionsJSON}} [request_options]
 */

/**
 * Have the browser ask the user for the key.
 * @param {KeyOptions} wanted
 */
async function ask({ creation_options: adding, request_options: signingIn }) {
  const credential = adding
    ? await navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(adding.publicKey),
      })
    : await navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
          /** @type {PublicKeyCredentialRequestOptionsJSON} */ (signingIn?.publicKey),
        ),
      });
  return JSON.stringify(credential);
}

/**
 * Ask for the key when the button is clicked, and send what it answers.
 * @param {KeyOptions} wanted
 */
function open(wanted) {
  const form = /** @type {HTMLFormElement} */ (part(document, "key-form"));
  part(form, "key-ask").addEventListener("click", async () => {
    const error = part(form, "key-error");
    setText(error, "");
    try {
      const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("credential"));
      field.value = await ask(wanted);
    } catch {
      setText(error, gettext("No key answered. Try again, or use another browser."));
      return;
    }
    form.submit();
  });
}

// Whoever has no key signs in without this.
if (options) open(JSON.parse(options.textContent ?? ""));
