// Makes what is shown look like what the host wrote, touching only what differs: focus, open lists
// and typed text stay, and what has an id keeps its element when it moves.

/** Makes `old` look like `fresh`. */
export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || (old.id ?? "") !== (fresh.id ?? "")) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  const busy = old === document.activeElement;
  const keep = { DETAILS: "open", FORM: "aria-busy", INPUT: busy ? "value" : "" }[old.nodeName];
  const changed = old.getAttribute("value") !== fresh.getAttribute("value"); // By the host: typing changes no attribute.
  for (const { name } of [...old.attributes]) {
    if (name !== keep && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== keep && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.nodeName === "INPUT" && !busy && changed) old.value = fresh.value;
  if (old.nodeName === "SELECT") {
    // Whoever chooses is not disturbed, nor is a choice undone that is not sent yet.
    if (!busy && old.innerHTML !== fresh.innerHTML) old.innerHTML = fresh.innerHTML; // Moved, they would choose anew.
    return;
  }
  children(old, fresh);
}

function children(old, fresh) {
  const known = new Map([...old.children].filter((e) => e.id).map((e) => [e.id, e]));
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const kept = child.id ? known.get(child.id) : undefined;
    if (kept) {
      if (kept === at) at = at.nextSibling;
      else old.insertBefore(kept, at);
      morph(kept, child);
    } else if (at && !at.id && !child.id && at.nodeName === child.nodeName) {
      const now = at;
      at = at.nextSibling;
      morph(now, child);
    } else {
      old.insertBefore(child, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    old.removeChild(gone); // Not gone.remove(): a form's own field of that name would stand in for it.
  }
}

/** The same for the element with this id, from HTML; the focus stays where it was. */
export function put(id, html) {
  const place = document.getElementById(id);
  if (!place) return;
  const template = document.createElement("template");
  template.innerHTML = html;
  keepingFocus(() => morph(place, template.content.firstElementChild));
}

/** Where the keyboard goes on within `place`, if that is still there. */
const stop = (place) =>
  [...(place?.querySelectorAll("[tabindex], summary, a[href], button:not([aria-disabled])") ?? [])]
    .find((e) => e.checkVisibility());

/** Changes the page; what had the focus has it again, even if it was moved or written anew. Where it is gone, its menu
 * has it, else what is left of its form, or of its section. */
export function keepingFocus(change) {
  const { activeElement: had } = document;
  const [menu, form, section, main] = ["details", "form", "section", "#main"].map((kind) => had?.closest(kind));
  const sends = form?.action;
  change();
  if (!had || document.activeElement === had) return;
  const around = [menu, form?.action === sends ? form : undefined, section, main]; // By now it may be another form.
  const back = had.isConnected ? had : document.getElementById(had.id) ?? around.map(stop).find(Boolean);
  back?.focus({ preventScroll: true });
}
