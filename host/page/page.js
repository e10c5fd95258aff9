// Keeps the page up to date and sends its forms without leaving it. Everything shown is written by
// the host; this file only puts it in place, so that focus, open lists and typed text stay.

const byId = (id) => document.getElementById(id);

/** Makes `old` look like `fresh`, touching only what differs. */
function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || (old.id ?? "") !== (fresh.id ?? "")) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  const keep = { DETAILS: "open", INPUT: old === document.activeElement ? "value" : "" }[old.nodeName];
  for (const { name } of [...old.attributes]) {
    if (name !== keep && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== keep && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.nodeName === "INPUT" && old !== document.activeElement) old.value = fresh.value;
  const now = [...old.childNodes];
  const then = [...fresh.childNodes];
  then.forEach((child, i) => (now[i] ? morph(now[i], child) : old.append(child)));
  now.slice(then.length).forEach((child) => child.remove());
}

function put(id, html) {
  const place = byId(id);
  if (!place) return;
  const template = document.createElement("template");
  template.innerHTML = html;
  morph(place, template.content.firstElementChild);
}

// What changed.

function follow() {
  const link = byId("link");
  const events = new EventSource("/events/parts");
  events.addEventListener("open", () => { link.textContent = "live"; });
  events.addEventListener("error", () => {
    link.textContent = "Moodring does not answer; trying again …";
    // A refused stream is closed for good by the browser; a broken one asks again by itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  });
  events.addEventListener("parts", ({ data }) => {
    const { version, parts } = JSON.parse(data);
    if (version !== document.documentElement.dataset.version) return location.reload();
    for (const [id, html] of Object.entries(parts)) {
      if (id === "title") document.title = html;
      else put(id, html);
      if (id === "shelf") shelved(html);
    }
  });
}

let shelf;
let stale;
/** Music was found or is gone: the list follows, at most every 2 s and never while somebody types. */
function shelved(html) {
  const changed = shelf !== undefined && shelf !== html;
  shelf = html;
  if (changed) stale ??= setTimeout(refresh, 2000);
}

function refresh() {
  stale = undefined;
  if (document.activeElement?.id === "q") stale = setTimeout(refresh, 2000);
  else worked(showLibrary(wantedLibrary));
}

// What people do.

let quiet;
function say(text) {
  byId("said").textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { byId("said").textContent = ""; }, 6000);
}

let asked = 0;
let wantedLibrary = location.href;
/** Shows the library as `url` has it, unless something newer is asked for meanwhile. */
async function showLibrary(url) {
  const mine = ++asked;
  const answer = await fetch(url, { headers: { accept: "text/html" } });
  const text = await answer.text();
  if (mine !== asked) return;
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("library");
  if (!answer.ok || !fresh) throw new Error("the library cannot be shown now");
  morph(byId("library"), document.adoptNode(fresh));
}

async function send(form) {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams(new FormData(form)),
  });
  const { error } = await answer.json();
  if (error) throw new Error(error);
  if (form.dataset.said) say(form.dataset.said);
  if (form.action.includes("/tracks/")) await showLibrary(wantedLibrary);
}

let typing;
async function search(form, submitter) {
  clearTimeout(typing); // What was typed is in the form.
  const wanted = new URLSearchParams(new FormData(form, submitter));
  for (const [key, value] of [...wanted]) if (!value) wanted.delete(key);
  const url = wanted.size ? `/?${wanted}` : "/";
  wantedLibrary = url;
  await showLibrary(url);
  if (wantedLibrary === url) history.replaceState(null, "", url);
}

const worked = (promise) => promise.catch((e) => say(e instanceof TypeError ? "Moodring does not answer." : e.message));

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  worked(form.method === "post" ? send(form) : search(form, event.submitter));
});

document.addEventListener("input", ({ target }) => {
  if (target.id !== "q") return;
  clearTimeout(typing);
  typing = setTimeout(() => worked(search(target.form, target.form.querySelector("[name=mood]"))), 250);
});

follow();
