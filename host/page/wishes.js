// Sends the forms without leaving the page, and searches while somebody types.

import { keepingFocus, morph } from "./morph.js";

const byId = (id) => document.getElementById(id);

let quiet;
/** Tells people something, for a while. */
export function say(text) {
  byId("said").textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { byId("said").textContent = ""; }, 6000);
}

/** Says so where something did not work. */
export const worked = (promise) =>
  promise.catch((e) => say(e instanceof TypeError ? "Moodring does not answer." : e.message));

let asked = 0;
let wanted = location.href;
/** Shows the list of this page, or how things stand with Spotify, as `url` has it, unless something newer is asked
 * for meanwhile. */
async function show(url) {
  const place = byId("view") ?? byId("spotify");
  if (!place) return;
  const mine = ++asked;
  const answer = await fetch(url, { headers: { accept: "text/html" } });
  if (answer.redirected) return location.reload();
  const text = await answer.text();
  if (mine !== asked) return;
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(place.id);
  if (!answer.ok || !fresh) throw new Error("the list cannot be shown now");
  keepingFocus(() => morph(place, document.adoptNode(fresh)));
}

let stale;
/** The list is out of date: it follows, at most every 2 s and never while somebody types. */
export function outdated() {
  stale ??= setTimeout(() => {
    stale = undefined;
    if (document.activeElement?.id === "q") outdated();
    else worked(show(wanted));
  }, 2000);
}

/** Closes a menu, if it is one, and leaves the focus at its three dots. */
function close(menu) {
  if (!menu?.open) return;
  const within = menu.contains(document.activeElement);
  menu.open = false;
  if (within) menu.querySelector("summary").focus();
}

async function send(form, submitter) {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams(new FormData(form, submitter)),
  });
  if (answer.status === 401) return location.reload();
  const { error } = await answer.json();
  if (error) throw new Error(error);
  if (form.dataset.said) {
    say(form.dataset.said);
    close(form.closest("details.more"));
  }
  await show(wanted);
}

let typing;
async function search(form, submitter) {
  clearTimeout(typing); // What was typed is in the form.
  const words = new URLSearchParams(new FormData(form, submitter));
  for (const [key, value] of [...words]) if (!value) words.delete(key);
  const url = words.size ? `${location.pathname}?${words}` : location.pathname;
  wanted = url;
  await show(url);
  if (wanted === url) history.replaceState(null, "", url);
}

/** Takes the forms over. */
export function listen() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.leave !== undefined) return; // Its answer is another page.
    event.preventDefault();
    worked(form.method === "post" ? send(form, event.submitter) : search(form, event.submitter));
  });
  document.addEventListener("input", ({ target }) => {
    if (target.id !== "q") return;
    clearTimeout(typing);
    typing = setTimeout(() => worked(search(target.form, target.form.querySelector("button[name=mood]"))), 250);
  });
  // A menu closes with Escape, and when something outside it is pressed.
  const menus = () => document.querySelectorAll("details.more[open]");
  document.addEventListener("click", ({ target }) => {
    for (const menu of menus()) if (!menu.contains(target) && target.isConnected) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") menus().forEach(close);
  });
}
