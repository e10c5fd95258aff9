// Follows what changes: the host sends the parts of the page that differ. A page that nobody sees follows nothing: a
// stream holds one of the six connections that a browser has to the host, for all its tabs together.

import { put } from "./morph.js";

let events;
let shelf; // As it was told last.

/** Shows what changes from now on, while the page is seen; `shelved` is told when there is other music than before. */
export function follow(shelved) {
  const look = () => (document.hidden ? events?.close() : listen(shelved));
  document.addEventListener("visibilitychange", look);
  look();
}

function listen(shelved) {
  if (document.hidden || (events && events.readyState !== EventSource.CLOSED)) return;
  const link = document.getElementById("link");
  events = new EventSource(`/events/parts${roomOf(location)}`);
  events.addEventListener("open", () => { link.textContent = "live"; });
  events.addEventListener("error", ({ target }) => {
    link.textContent = "Moodring does not answer; trying again …";
    // A refused stream is closed for good by the browser; a broken one asks again by itself.
    if (target.readyState === EventSource.CLOSED) letIn().catch(() => {}).finally(() => setTimeout(() => listen(shelved), 3000));
  });
  events.addEventListener("parts", ({ data }) => {
    const { version, parts } = JSON.parse(data);
    if (version !== document.documentElement.dataset.version) return location.reload();
    for (const [id, html] of Object.entries(parts)) {
      if (id === "title") title(html);
      else put(id, html);
    }
    if (parts.shelf === undefined) return;
    if (shelf !== undefined && shelf !== parts.shelf) shelved();
    shelf = parts.shelf;
  });
}

/** Whoever has been logged out meanwhile is sent to the log-in. */
async function letIn() {
  const { status } = await fetch("/api/state");
  if (status === 401) location.reload();
}

function title(words) {
  if (document.documentElement.dataset.page === "Now") document.title = words;
}

/** The room that an address names, as the end of another. */
export function roomOf({ search }) {
  const room = new URLSearchParams(search).get("room");
  return room ? `?room=${encodeURIComponent(room)}` : "";
}
