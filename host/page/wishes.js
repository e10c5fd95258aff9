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

/** Says so where something did not work. What is no JSON comes from a proxy, whose host does not answer. */
export const worked = (promise) =>
  promise.catch((e) => say(e instanceof TypeError || e instanceof SyntaxError ? "Moodring does not answer." : e.message));

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

/** What each form has on its way. */
const underWay = new WeakMap();

/** Sends a form, unless it sends the very same already: pressed twice, it is wished once. What says something else by
 * now, as each press on Louder does, or another button of it, counts. */
async function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const wish = `${form.action} ${body}`;
  if (underWay.get(form) === wish) return;
  underWay.set(form, wish);
  form.setAttribute("aria-busy", "true");
  try {
    await carryOut(form, body);
  } finally {
    if (underWay.get(form) === wish) {
      underWay.delete(form);
      form.removeAttribute("aria-busy");
    }
  }
}

async function carryOut(form, body) {
  const answer = await fetch(form.action, { method: "POST", headers: { accept: "application/json" }, body });
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
/** Shows what is sought. Where a button asked for it, Back leads to what was shown before. */
async function search(form, submitter, typed = false) {
  clearTimeout(typing); // What was typed is in the form.
  const words = new URLSearchParams(new FormData(form, submitter));
  for (const [key, value] of [...words]) if (!value) words.delete(key);
  const url = words.size ? `${location.pathname}?${words}` : location.pathname;
  wanted = url;
  await show(url);
  if (wanted !== url) return;
  if (typed || url === location.pathname + location.search) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  if (submitter?.closest(".pager")) byId("view-head").focus(); // Another page of it is read from its top.
}

/** Shows what the address says, after Back. */
function revisit() {
  clearTimeout(typing);
  const q = byId("q");
  if (q) q.value = new URLSearchParams(location.search).get("q") ?? "";
  wanted = location.href;
  worked(show(wanted));
}

/** Takes the forms over. */
export function listen() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.leave !== undefined) return; // Its answer is another page.
    event.preventDefault();
    if (event.submitter?.matches("[aria-disabled]")) return; // There is no more of it; it only keeps the focus.
    worked(form.method === "post" ? send(form, event.submitter) : search(form, event.submitter));
  });
  document.addEventListener("input", ({ target }) => {
    if (target.id !== "q") return;
    clearTimeout(typing);
    typing = setTimeout(() => worked(search(target.form, target.form.querySelector("button[name=mood]"), true)), 250);
  });
  addEventListener("popstate", revisit);
  // A menu closes with Escape, and when something outside it is pressed.
  const menus = () => document.querySelectorAll("details.more[open]");
  document.addEventListener("click", ({ target }) => {
    for (const menu of menus()) if (!menu.contains(target) && target.isConnected) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") menus().forEach(close);
  });
}
