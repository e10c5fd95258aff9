// Clicks through the page in a real browser: `node browser.mjs URL`, for a page that plays music.
//
// Every button is pressed as a person presses it, and what it did is asked from the host. Each view
// (phone and desktop, light and dark) is checked for accessibility with axe; contrast is measured on
// each of the surfaces that a gradient runs between. Ends with 1 at the first thing that is wrong.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import net from "node:net";
import { chromium } from "playwright-core";

const base = process.argv[2]?.replace(/\/$/, "");
if (!base) {
  console.error("use: node browser.mjs http://127.0.0.1:PORT/");
  process.exit(2);
}
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

const complaints = [];
const pages = ["/", "/library", "/library?mood=happy", "/history", "/taste", "/spotify"];
async function open(options, at = base, path = "/") {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) complaints.push(m.text()); });
  page.on("pageerror", (e) => complaints.push(e.message));
  page.on("request", (r) => { if (!r.url().startsWith(at)) complaints.push(`a request to ${r.url()}`); });
  await page.goto(at + path);
  if (options.javaScriptEnabled !== false) await page.getByText("live", { exact: true }).waitFor();
  return page;
}

const ask = async (path) => (await fetch(base + path)).json();
const state = () => ask("/api/state");
async function until(what, holds) {
  for (let i = 0; i < 100; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`5 s went by and still not: ${what}`);
}
async function check(what, body) {
  try {
    await body();
    assert.deepEqual(complaints.splice(0), [], "the browser complains");
    console.log(`ok   ${what}`);
  } catch (error) {
    console.error(`FAIL ${what}\n${error.stack}`);
    await browser.close();
    process.exit(1);
  }
}

const desktop = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true };
const track = async (id) => {
  const { tracks } = await ask("/api/tracks?limit=500");
  return tracks.find((t) => t.id === id);
};

await check("something plays, so there is something to steer", async () => {
  await until("a track plays", async () => (await state()).playing !== null);
});

for (const [name, view] of Object.entries({ phone, desktop })) {
  for (const colorScheme of ["light", "dark"]) {
    for (const path of pages) {
      await check(`${name}, ${colorScheme}, ${path}: fits its window, and axe finds nothing`, async () => {
        const page = await open({ ...view, colorScheme }, base, path);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `the page is ${wide} px too wide`);
        await page.evaluate(axe);
        const find = (rules, surface) => page.evaluate(async ([rules, surface]) => {
          const flat = new CSSStyleSheet();
          if (surface) {
            flat.replaceSync(`* { background-image: none !important; transition: none !important }
              body, .card, button, .mini, .deeds { background-color: var(${surface}) !important }`);
          }
          document.adoptedStyleSheets = [flat];
          const only = rules && { runOnly: { type: "rule", values: rules } };
          const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"], ...only });
          return violations.map((v) => `${v.impact}: ${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
        }, [rules, surface]);
        assert.deepEqual(await find(null, null), [], "menus closed");
        // Menus close each other, so the last one stays open.
        await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
        assert.deepEqual(await find(null, null), [], "menus open");
        for (const surface of ["--lift", "--bg", "--sink"]) {
          assert.deepEqual(await find(["color-contrast"], surface), [], `on ${surface}`);
        }
        await page.context().close();
      });
    }
  }
}

await check("on a phone, everything to be pressed is big enough for a thumb", async () => {
  for (const path of pages) {
    const page = await open(phone, base, path);
    await page.evaluate(() => document.querySelector("details.more")?.setAttribute("open", ""));
    const small = await page.evaluate(() => [...document.querySelectorAll("button, summary, nav a, .button, select, input:not([type=hidden])")]
      .filter((e) => e.checkVisibility() && !e.closest(".skip-link"))
      .map((e) => ({ e, r: e.getBoundingClientRect() }))
      .filter(({ r }) => r.width < 40 || r.height < 36)
      .map(({ e, r }) => `${e.id || e.textContent.trim()}: ${Math.round(r.width)}×${Math.round(r.height)}`));
    assert.deepEqual(small, [], path);
    await page.context().close();
  }
});

const page = await open(desktop);
await page.evaluate(() => { globalThis.neverLeft = true; });
const button = (name) => page.locator("#player").getByRole("button", { name, exact: true });

await check("pause and play, and the focus stays on the button", async () => {
  if ((await state()).paused !== "no") await button("Play").click();
  await button("Pause").click();
  await until("paused", async () => (await state()).paused === "by_hand");
  await button("Play").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "play-pause");
  await page.keyboard.press("Enter");
  await until("playing", async () => (await state()).paused === "no");
  await button("Pause").waitFor();
});

await check("skip brings the next track, shown without a new page", async () => {
  const before = (await state()).playing;
  await button("Skip").click();
  await until("another track", async () => (await state()).playing?.started !== before.started);
  const { playing } = await state();
  await page.locator("#player .title", { hasText: playing.title }).waitFor();
  await page.locator("#history li").first().filter({ hasText: playing.title }).waitFor();
  assert.ok((await page.locator("#told").textContent()).includes(playing.title));
});

await check("like and unlike what plays", async () => {
  const { playing } = await state();
  const liked = async () => (await track(playing.track)).liked;
  const was = await liked();
  for (const then of [!was, was]) {
    await page.locator("#like").click();
    await until(`liked is ${then}`, async () => (await liked()) === then);
    await page.locator(`#like[aria-pressed="${then}"]`).waitFor();
  }
});

await check("“not for this mood” is remembered, and the library takes it back", async () => {
  const { playing } = await state();
  const banned = async () => (await track(playing.track)).not_for.includes(playing.mood);
  await button(`Not for ${playing.mood}`).click();
  await until("not for this mood", banned);
  await page.locator("#said", { hasText: playing.title }).waitFor();
  const library = await open(desktop, base, `/library?q=${encodeURIComponent(playing.title)}`);
  const row = library.locator(`#track-${playing.track}`);
  await row.locator("summary").click();
  const never = row.locator(`#not-${playing.track}-${playing.mood}`);
  await never.and(library.locator('[aria-pressed="true"]')).click();
  await until("for this mood again", async () => !(await banned()));
  await never.and(library.locator('[aria-pressed="false"]')).waitFor();
  assert.ok(await row.locator("details").evaluate((d) => d.open), "the menu stays open");
  await library.context().close();
});

const queue = async () => (await state()).queue.map((q) => q.track);
const queued = (nth) => page.locator("#next li").nth(nth);
const deed = async (nth, name) => {
  const row = queued(nth);
  if (!await row.locator("details").evaluate((d) => d.open)) await row.locator("summary").click();
  await row.getByRole("button", { name, exact: true }).click();
};

await check("what comes next: later, sooner and out, and the menu goes with its track", async () => {
  // What people put there stays where it is put, whatever a small library would repeat.
  const { tracks } = await ask("/api/tracks?limit=12");
  const { playing } = await state();
  for (const { id } of tracks.filter((t) => !t.problem && t.id !== playing.track).slice(0, 3)) {
    const wish = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ track: id, first: true }) };
    assert.equal((await fetch(`${base}/api/queue`, wish)).status, 200);
  }
  const before = await queue();
  await page.locator(`#next li[id="next-${before[0]}-0"]:first-child`).waitFor();
  await deed(0, "Later");
  await until("it comes later", async () => (await queue())[1] === before[0]);
  await until("it is shown there", () => queued(1).locator("details").evaluate((d) => d.open));
  assert.equal(await page.evaluate(() => document.activeElement.closest("#next li") === document.querySelectorAll("#next li")[1]), true,
    "the focus went with it");
  await deed(1, "Sooner");
  await until("it comes sooner", async () => (await queue())[0] === before[0]);
  await until("it is shown there", async () => (await queued(0).locator("details").evaluate((d) => d.open)));
  await deed(0, "Remove");
  await until("it is out", async () => (await queue())[0] === before[1]);
  await until("the page shows it", async () => (await page.locator(`#next-${before[0]}-0`).count()) === 0
    || (await queue()).includes(before[0]));
});

const here = async () => (await state()).rooms[0];
await check("the mode is switched, the way of a lift is drawn, and the settings can have it back", async () => {
  const mode = (name) => page.locator(`#mode-${name}`);
  await mode("lift").click();
  await until("lift", async () => (await here()).mode === "lift");
  await mode("lift").and(page.locator("[aria-pressed=true]")).waitFor();
  const { path } = await here();
  if (path) {
    await page.locator("#manner .way svg[role=img]").waitFor();
    assert.equal(await page.locator("#manner .way circle").count(), path.points.length);
    assert.equal(await page.locator("#manner .steps li").count(), path.points.length);
  }
  await mode("off").click();
  await until("off", async () => (await here()).mode === "off");
  await page.locator("#mode-auto").click();
  await until("as the settings say", async () => (await here()).mode_by_hand === null);
});

await check("louder, quieter, and a sleep timer that is taken back", async () => {
  const { volume } = await here();
  await page.locator(volume > 0.05 ? "#quieter" : "#louder").click();
  await until("another loudness", async () => (await here()).volume !== volume);
  await page.locator("#manner .num", { hasText: `${Math.round((await here()).volume * 100)} %` }).waitFor();
  await page.locator("#sleep-30").click();
  await page.locator("#manner", { hasText: "fades out at" }).waitFor();
  assert.ok(Date.parse((await here()).sleep_at) > Date.now() + 28 * 60_000);
  await page.locator("#sleep-0").click();
  await page.locator("#sleep-30").waitFor();
  assert.equal((await here()).sleep_at, null);
});

await check("a menu closes with Escape, and when something else is pressed", async () => {
  await queued(0).locator("summary").click();
  await page.keyboard.press("Escape");
  assert.equal(await queued(0).locator("details").evaluate((d) => d.open), false);
  await queued(0).locator("summary").click();
  await page.locator("#player-head").click();
  assert.equal(await queued(0).locator("details").evaluate((d) => d.open), false);
});

await check("the page was never left", async () => {
  assert.equal(await page.evaluate(() => globalThis.neverLeft), true);
});

await page.goto(`${base}/library`);
await page.evaluate(() => { globalThis.neverLeft = true; });

await check("from the library: play next, add to the queue", async () => {
  const { tracks } = await ask("/api/tracks?limit=24");
  const [one, two] = tracks.filter((t) => !t.problem).slice(-2);
  for (const [track, name] of [[one, "Add to queue"], [two, "Play next"]]) {
    await page.locator(`#more-${track.id}:not([open]) summary`).click();
    await page.locator(`#track-${track.id}`).getByRole("button", { name, exact: true }).click();
    await until(name, async () => (await queue()).includes(track.id));
    await page.locator("#said", { hasText: track.title }).waitFor();
  }
  assert.equal((await queue())[0], two.id);
});

await check("the tracks of a mood: out of one, into another, and moved", async () => {
  const { tracks: [first] } = await ask("/api/tracks?mood=sad&limit=1");
  const moods = async () => (await track(first.id)).moods;
  await page.goto(`${base}/library?mood=sad`);
  await page.evaluate(() => { globalThis.neverLeft = true; });
  await page.locator(`#more-${first.id} summary`).click();
  await page.locator(`#fits-${first.id}-fear`).click();
  await page.locator(`#fits-${first.id}-fear[aria-pressed=true]`).waitFor();
  assert.ok((await moods()).includes("fear"));
  await page.locator(`#move-${first.id}`).selectOption("surprise");
  await page.locator(`#moved-${first.id}`).click();
  await until("it is gone from here", async () => (await page.locator(`#track-${first.id}`).count()) === 0);
  assert.ok((await moods()).includes("surprise") && !(await moods()).includes("sad"));
  await page.goto(`${base}/library?mood=surprise&q=${encodeURIComponent(first.title)}`);
  await page.evaluate(() => { globalThis.neverLeft = true; });
  await page.locator(`#more-${first.id} summary`).click();
  for (const mood of ["sad", "fear", "surprise"]) {
    await page.locator(`#fits-${first.id}-${mood}`).click();
    await until(`${mood} has changed`, async () => (await moods()).includes(mood) === (mood === "sad"));
  }
});

await page.goto(`${base}/library`);
await page.evaluate(() => { globalThis.neverLeft = true; });

await check("search while typing, filter by mood, and back to all", async () => {
  const all = (await ask("/api/tracks")).total;
  const { tracks } = await ask("/api/tracks?limit=500");
  const word = tracks.at(-1).title.split(" ")[0];
  await page.locator("#q").fill(word);
  const found = await ask(`/api/tracks?q=${encodeURIComponent(word)}`);
  await page.waitForURL((url) => url.searchParams.get("q") === word);
  await page.locator(`#track-${found.tracks[0].id}`).waitFor();
  await page.locator("#q").fill("zzz no such track");
  await page.getByText("No track is found by that.").waitFor();
  await page.locator("#q").fill("");
  await page.locator("#view .filter button[value=sad]").click();
  await page.locator("#view .filter button[value=sad][aria-pressed=true]").waitFor();
  const sad = await ask("/api/tracks?mood=sad&limit=24");
  await until("only sad tracks", async () => (await page.locator("#tracks > li").count()) === sad.tracks.length);
  await page.locator("#view .filter button.all").click();
  await until("all tracks", async () => (await page.locator("#tracks > li").count()) === Math.min(24, all));
});

await check("the list follows a scan, and waits while somebody types", async () => {
  const watching = await open(desktop, base, "/library");
  const version = await watching.evaluate(() => document.documentElement.dataset.version);
  let found = 0;
  // A scan as the page hears of it: each time it listens, there is more music.
  await watching.route("**/events/parts", (route) => {
    const parts = { shelf: `<div id="shelf"><p>${++found} tracks</p></div>` };
    route.fulfill({
      contentType: "text/event-stream",
      body: `retry: 100\nevent: parts\ndata: ${JSON.stringify({ version, parts })}\n\n`,
    });
  });
  const lists = [];
  watching.on("request", (r) => { if (r.resourceType() === "fetch" && new URL(r.url()).pathname === "/library") lists.push(Date.now()); });
  await watching.reload();
  await until("the list is shown anew, twice", () => lists.length >= 2);
  assert.ok(lists[1] - lists[0] > 1900, `again after ${lists[1] - lists[0]} ms`);
  await watching.locator("#q").focus();
  const before = lists.length;
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.ok(lists.length <= before + 1, "only what was on its way before");
  await watching.locator("#q").blur();
  await until("the list is shown anew again", () => lists.length > before);
  await watching.unrouteAll({ behavior: "ignoreErrors" });
  await watching.context().close();
});

await check("play a track of the library", async () => {
  const { playing } = await state();
  const other = (await ask("/api/tracks?limit=12")).tracks.find((t) => t.id !== playing.track && !t.problem);
  await page.locator(`#play-${other.id}`).click();
  await until("it plays", async () => (await state()).playing?.track === other.id);
  await page.locator("#mini .mini", { hasText: other.title }).waitFor();
  await page.locator("#mini-play-pause[aria-label=Pause]").click();
  await until("paused", async () => (await state()).paused === "by_hand");
  await page.locator("#mini-play-pause[aria-label=Play]").click();
  await until("playing", async () => (await state()).paused === "no");
});

await check("the page was never left", async () => {
  assert.equal(await page.evaluate(() => globalThis.neverLeft), true);
});

await check("every stop of the Tab key shows where it is", async () => {
  await page.goto(base);
  const seen = new Set();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const [name, outline] = await page.evaluate(() => {
      const { activeElement: e } = document;
      return [e === document.body ? "" : e.id || e.textContent.trim() || e.nodeName, getComputedStyle(e).outlineStyle];
    });
    if (!name) break;
    assert.equal(outline, "solid", name);
    seen.add(name);
  }
  for (const name of ["To the content", "Library", "like", "play-pause", "skip", "not-for"]) assert.ok(seen.has(name), `Tab misses ${name}`);
});

await check("the past: each play with its reason, and again with a press", async () => {
  await page.getByRole("link", { name: "History", exact: true }).click();
  const plays = await ask("/api/history");
  const last = plays.at(-1);
  const row = page.locator(`#play-${last.id}`);
  assert.ok((await row.textContent()).toLowerCase().includes(last.reason.toLowerCase()));
  await row.locator("summary").click();
  await row.getByRole("button", { name: "Play next", exact: true }).click();
  await until("it comes next", async () => (await queue())[0] === last.track);
  await row.locator("details:not([open]) summary").click();
  await row.getByRole("link", { name: "In the library", exact: true }).click();
  await page.locator(`#track-${last.track}`).waitFor();
});

await check("what was learnt is read and forgotten", async () => {
  await page.getByRole("link", { name: "Taste", exact: true }).click();
  await page.locator("#view-head", { hasText: "What has been learnt" }).waitFor();
  const learnt = await ask("/api/taste");
  if (learnt.length) {
    await page.locator(`#learnt-${learnt[0].emotion}-${learnt[0].track}`, { hasText: learnt[0].title }).waitFor();
    await page.locator("#forget summary").click();
    await page.locator("#forget-now").click();
  }
  await page.getByText("Nothing yet").waitFor();
  assert.deepEqual(await ask("/api/taste"), []);
});

await check("who asked for less motion sees none", async () => {
  const still = await open({ ...desktop, reducedMotion: "reduce" });
  const moving = await still.evaluate(() => [...document.querySelectorAll("*")]
    .filter((e) => getComputedStyle(e).transitionDuration.split(", ").some((d) => d !== "0s")).length);
  assert.equal(moving, 0);
  await still.context().close();
});

await check("a panel is shown as a picture", async () => {
  const panels = (await state()).devices.filter((d) => d.screen > 0).length;
  await until("the panels' pictures", () => page.evaluate(
    (n) => [...document.querySelectorAll(".panel img")].filter((i) => i.complete && i.naturalWidth > 0).length === n, panels));
});

await check("a host that goes away is missed, and found again by itself", async () => {
  const { hostname, port } = new URL(base);
  const wires = new Set();
  const between = net.createServer((near) => {
    const far = net.connect(port, hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      wires.add(from);
      from.pipe(to).on("error", () => {});
      from.on("close", () => { wires.delete(from); to.destroy(); });
    }
  });
  const listen = (at) => new Promise((resolve) => between.listen(at, "127.0.0.1", resolve));
  await listen(0);
  const at = between.address().port;
  const watching = await open(desktop, `http://127.0.0.1:${at}`);
  between.close();
  for (const wire of wires) wire.destroy();
  await watching.getByText("Moodring does not answer; trying again").waitFor();
  await watching.locator("#play-pause").click();
  await watching.locator("#said", { hasText: "Moodring does not answer." }).waitFor();
  await listen(at);
  await watching.getByText("live", { exact: true }).waitFor();
  complaints.length = 0; // The browser rightly complained about the broken connection.
  await watching.context().close();
  between.close();
});

await check("without JavaScript the forms do the same", async () => {
  const plain = await open({ ...phone, javaScriptEnabled: false });
  if ((await state()).paused !== "no") await plain.getByRole("button", { name: "Play", exact: true }).click();
  await plain.getByRole("button", { name: "Pause", exact: true }).click();
  await plain.getByRole("button", { name: "Play", exact: true }).waitFor();
  assert.equal((await state()).paused, "by_hand");
  await plain.getByRole("button", { name: "Play", exact: true }).click();
  await plain.getByRole("button", { name: "Pause", exact: true }).waitFor();
  await plain.getByRole("link", { name: "Library", exact: true }).click();
  await plain.locator("#view .filter button[value=happy]").click();
  await plain.locator("#view .filter button[value=happy][aria-pressed=true]").waitFor();
  assert.ok(plain.url().includes("mood=happy"));
  const { tracks: [first] } = await ask("/api/tracks?mood=happy&limit=1");
  await plain.locator(`#more-${first.id} summary`).click();
  await plain.locator(`#more-${first.id}`).getByRole("button", { name: "Play next", exact: true }).click();
  await plain.waitForURL((url) => url.pathname === "/library" && url.searchParams.get("mood") === "happy");
  assert.equal((await queue())[0], first.id);
  await plain.context().close();
});

await browser.close();
console.log("the page works in the browser");
