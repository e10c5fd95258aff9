// Keeps the page up to date and sends its forms without leaving it. Everything shown is written by
// the host; these files only put it in place.

import { follow } from "./live.js";
import { listen, outdated } from "./wishes.js";

listen();
follow(outdated);
