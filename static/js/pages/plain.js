/** The pages that have no socket: nothing on them is alive but their header. */

import { part } from "../ui/dom.js";
import { gettext } from "../ui/i18n.js";
import { Scope } from "../ui/scope.js";
import { onSignedOut } from "../ui/sign-out.js";
import { listRefusal } from "../ui/words.js";
import { Close } from "../wire/protocol.js";
import { openHeader } from "./header.js";

const header = part(document, "header");
const scope = new Scope();
openHeader(header, scope);
onSignedOut(scope, () => {
  const [title, words] = listRefusal(Close.REVOKED);
  const link = document.createElement("a");
  link.href = header.dataset.loginUrl ?? "";
  link.textContent = gettext("Sign in");
  part(header, "signed-out").replaceChildren(`${title}. ${words} `, link);
});
