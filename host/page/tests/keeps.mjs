// What people do not lose on the page: `node keeps.mjs URL`, for one with several rooms that plays music.
//
// Where the keyboard is, what they typed, the way back, each press and none of them twice; and what a tab holds that
// nobody sees. Ends with 1 at the first thing that is wrong.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const base = process.argv[2]?.replace(/\/$/, "");
if (!base) {
  console.error("use: node keeps.mjs http://127.0.0.1:PORT/");
  process.exit(2);
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
await context.addInitScript(() => {
  globalThis.streams = [];
  globalThis.EventSource = class extends EventSource {
    constructor(...at) {
      super(...at);
      globalThis.streams.push(this);
    }
  };
});
const page = await context.newPage();
page.setDefaultTimeout(10_000);
const complaints = [];
page.on("console", (m) => { if (["error", "warning"].includes(m.type())) complaints.push(m.text()); });
page.on("pageerror", (e) => complaints.push(e.message));

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
async function until(what, holds) {
  for (let i = 0; i < 100; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`5 s went by and still not: ${what}`);
}
async function open(path) {
  await page.goto(base + path);
  await page.getByText("live", { exact: true }).waitFor();
  await page.evaluate(() => { globalThis.neverLeft = true; });
}
async function wish(path, body = {}) {
  const about = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  assert.ok((await fetch(base + path, about)).ok, path);
}
const state = async () => (await fetch(`${base}/api/state`)).json();
const queue = async () => (await state()).queue.map((q) => q.track);
const focused = () => page.evaluate(() => document.activeElement.id);
/** Shows a part as the host might send it. */
const put = (id, html) => page.evaluate(async ([id, html]) => {
  const { src } = document.querySelector("script[type=module]");
  (await import(src.replace("page.js", "morph.js"))).put(id, html);
}, [id, html]);

await check("the tabs of the rooms follow the moods, and lead to the same page there", async () => {
  await open("/library");
  const tab = page.locator("#rooms a", { hasText: "studio" });
  await tab.filter({ hasText: "Sad" }).waitFor();
  const rooms = await page.locator("#rooms").evaluate((nav) => nav.outerHTML);
  await put("rooms", rooms.replaceAll("Sad", "Angry"));
  await tab.filter({ hasText: "Angry" }).waitFor();
  await tab.click();
  await page.waitForURL((url) => url.pathname === "/library" && url.searchParams.get("room") === "the studio & bar");
});

await open("/");
await check("a code that is typed stays when the field is left and its part comes anew", async () => {
  const waits = (since) => `<section id="pairing" class="card"><form class="row" method="post" action="/api/pairing">
    <label for="code-7">cellar waits for ${since}</label><input id="code-7" type="text" name="code"><button>Pair</button>
    </form></section>`;
  await put("pairing", waits("a moment"));
  await page.locator("#code-7").fill("482 913");
  await page.locator("#player-head").click();
  assert.notEqual(await focused(), "code-7");
  await put("pairing", waits("10 s"));
  await page.getByText("cellar waits for 10 s").waitFor();
  assert.equal(await page.locator("#code-7").inputValue(), "482 913");
});

await check("the keyboard stays at a track's three dots when the track before it begins", async () => {
  const [, second] = await queue();
  await page.locator(`#next-${second}-0 summary`).focus();
  await wish("/api/skip");
  await page.locator(`#next li:first-child[id="next-${second}-0"]`).waitFor();
  assert.equal(await focused(), `next-${second}-0-more-dots`);
});

await check("who removes a track from what comes next goes on there", async () => {
  const [first, second] = await queue();
  await page.locator(`#next-${first}-0 summary`).focus();
  await page.keyboard.press("Enter");
  await page.locator(`#next-${first}-0-remove`).focus();
  await page.keyboard.press("Enter");
  await page.locator(`#next-${first}-0`).waitFor({ state: "detached" });
  assert.equal(await focused(), `next-${second}-0-more-dots`);
});

await check("who sets the sleep timer can take it back with the next press, and the other way round", async () => {
  await page.locator("#sleep-15").focus();
  for (const then of ["sleep-0", "sleep-15"]) {
    await page.keyboard.press("Enter");
    await page.locator(`#${then}`).waitFor();
    assert.equal(await focused(), then);
  }
});

await check("Louder keeps the keyboard where it can be no louder, and asks for nothing there", async () => {
  await wish("/api/volume", { volume: 0.95 });
  await page.locator("#manner .num", { hasText: "95 %" }).waitFor();
  let asked = 0;
  page.on("request", (r) => { if (r.url().endsWith("/api/volume")) asked += 1; });
  await page.locator("#louder").focus();
  await page.keyboard.press("Enter");
  await page.locator("#louder[aria-disabled=true]").waitFor();
  await page.keyboard.press("Enter");
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  assert.deepEqual([asked, await focused()], [1, "louder"]);
  await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(), "quieter");
});

await check("what is on its way is not sent twice, and each press on Louder counts", async () => {
  await wish("/api/volume", { volume: 0.5 });
  await page.locator("#manner .num", { hasText: "50 %" }).waitFor();
  const sent = [];
  let answer;
  const held = new Promise((resolve) => { answer = resolve; });
  await page.route(/\/api\/(skip|volume)$/, async (route) => {
    sent.push(new URL(route.request().url()).pathname);
    const response = await route.fetch();
    await held;
    await route.fulfill({ response });
  });
  await page.locator("#skip").click();
  await page.locator("form[aria-busy=true] #skip").waitFor();
  await page.locator("#skip").click();
  for (const shown of ["60 %", "70 %"]) {
    await page.locator("#louder").click();
    await page.locator("#manner .num", { hasText: shown }).waitFor();
  }
  assert.deepEqual(sent, ["/api/skip", "/api/volume", "/api/volume"]);
  answer();
  await until("nothing is on its way", async () => (await page.locator("[aria-busy]").count()) === 0);
  await page.unrouteAll({ behavior: "wait" });
});

await check("what a proxy says whose host is away is not read out", async () => {
  await page.route("**/api/pause", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>502</h1>" }));
  await page.locator("#play-pause[aria-label=Pause]").click();
  await page.locator("#said", { hasText: "Moodring does not answer." }).waitFor();
  await page.unrouteAll({ behavior: "wait" });
  complaints.length = 0; // The browser rightly complained about the 502.
});

await check("a tab that nobody sees follows nothing, and catches up once it is seen", async () => {
  await open("/");
  const hide = (hidden) => page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    return globalThis.streams.map((stream) => stream.readyState === EventSource.CLOSED);
  }, hidden);
  assert.deepEqual(await hide(true), [true]);
  await wish("/api/pause");
  await page.waitForTimeout(500);
  assert.equal(await page.locator("#play-pause").getAttribute("aria-label"), "Pause");
  assert.deepEqual(await hide(false), [true, false]);
  assert.equal(await page.locator("#link").textContent(), "live");
  await page.locator("#play-pause[aria-label=Play]").waitFor();
  await wish("/api/play");
});

await check("another page of the library is read from its top, and Back leads through what was shown", async () => {
  await open("/library");
  const shown = (words) => page.locator(".pager .num", { hasText: words }).waitFor();
  await page.locator("#page-on").click();
  await shown("25–48 of");
  await until("its heading has the focus", async () => (await focused()) === "view-head");
  await until("its heading is seen", () => page.locator("#view-head").evaluate((head) => {
    const { top, bottom } = head.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  }));
  await page.waitForURL((url) => url.searchParams.get("offset") === "24");
  await page.locator("#view .filter button[value=sad]").click();
  await page.waitForURL((url) => url.searchParams.get("mood") === "sad");
  await page.locator("#q").fill("rain");
  await page.waitForURL((url) => url.searchParams.get("q") === "rain");
  await page.goBack();
  await shown("25–48 of");
  assert.equal(await page.locator("#q").inputValue(), "", "what was typed is not a step of its own");
  await page.goBack();
  await shown("1–24 of");
  assert.deepEqual([new URL(page.url()).search, await page.evaluate(() => globalThis.neverLeft)], ["", true]);
});

await browser.close();
