/** What runs on the audio thread: a player for each leg that is heard, and the limiter behind all of them. */

import { Limiter } from "./limiter.js";
import { EarshotPlayer } from "./player.js";

registerProcessor("earshot-limiter", Limiter);
registerProcessor("earshot-player", EarshotPlayer);
