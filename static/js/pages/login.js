/**
 * The page on which users sign in. Whoever is signed in never sees it, so this browser's session
 * has ended, however that came: signed out here or in the admin, or expired.
 */

import { tellSignedOut } from "../ui/sign-out.js";

tellSignedOut();
