// Clicks through the page with Spotify on: `node spotify.mjs URL`, for a page where nobody is logged in and a
// stand-in plays Spotify (the example spotify_page). SHOTS=FOLDER leaves pictures there. Ends with 1 at the
// first thing that is wrong.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const base = process.argv[2]?.replace(/\/$/, "");
if (!base) {
  console.error("use: node spotify.mjs http://127.0.0.1:PORT/");
  process.exit(2);
}
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env.SHOTS;
if (shots) await mkdir(shots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

const complaints = [];
const desktop = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true };
async function open(options, path) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) complaints.push(m.text()); });
  page.on("pageerror", (e) => complaints.push(e.message));
  await page.goto(base + path);
  await page.getByText("live", { exact: true }).waitFor();
  return page;
}
const ask = async (path) => (await fetch(base + path)).json();
async function until(what, holds) {
  for (let i = 0; i < 300; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`30 s went by and still not: ${what}`);
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
/** Looks at a page on a phone and on a desk, in the light and in the dark. */
async function look(name, path) {
  for (const [form, view] of Object.entries({ phone, desktop })) {
    for (const colorScheme of ["light", "dark"]) {
      await check(`${name}, ${form}, ${colorScheme}: fits, can be pressed, and axe finds nothing`, async () => {
        const page = await open({ ...view, colorScheme }, path);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `the page is ${wide} px too wide`);
        if (shots) await page.screenshot({ path: `${shots}/${name}-${form}-${colorScheme}.png`, fullPage: true });
        const small = await page.evaluate(() => [...document.querySelectorAll("button, summary, .button, select, input:not([type=hidden])")]
          .filter((e) => e.checkVisibility())
          .map((e) => ({ e, r: e.getBoundingClientRect() }))
          .filter(({ r }) => r.width < 40 || r.height < 36)
          .map(({ e }) => e.id || e.textContent.trim()));
        if (form === "phone") assert.deepEqual(small, [], "too small for a thumb");
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`), []);
        await page.context().close();
      });
    }
  }
}

await look("logged-out", "/spotify");
const page = await open(desktop, "/spotify");
// It begins with the log-in, and is over in seconds.
const progress = page.locator("#spotify-found progress").waitFor({ timeout: 120_000 });
progress.catch(() => {}); // Told where it is waited for.
await check("a log-in: one press, consent at Spotify, and the page follows by itself", async () => {
  await page.getByText("nobody is logged in").first().waitFor();
  await page.locator("#log-in").click();
  const address = await page.locator("#consent").getAttribute("href");
  if (shots) await page.screenshot({ path: `${shots}/consent-desktop-light.png`, fullPage: true });
  const consent = await page.context().newPage();
  await consent.goto(address);
  await consent.getByRole("heading", { name: "Logged in" }).waitFor();
  await consent.close();
  await page.locator("#spotify-found").waitFor();
  await page.locator("#list-sad option", { hasText: "Sunny days" }).waitFor({ state: "attached" });
  for (const mood of ["angry", "sad", "neutral"]) assert.equal(await page.locator(`#list-${mood}`).inputValue(), "", mood);
});
await check("the refresh shows how far it is, and what it found", async () => {
  await progress;
  if (shots) await page.screenshot({ path: `${shots}/refresh-desktop-light.png`, fullPage: true });
  await page.getByText("Last looked at").waitFor({ timeout: 120_000 });
  const { stock } = await ask("/api/spotify");
  assert.ok(stock.tracks > 50, JSON.stringify(stock));
  await page.locator("#spotify-found p").first().filter({ hasText: / tracks/ }).waitFor();
});
await check("the device is looked for and chosen by its name", async () => {
  await page.getByRole("button", { name: "Look for devices" }).click();
  await page.locator("#device-name option", { hasText: "Living room" }).first().waitFor({ state: "attached" });
  await page.locator("#device-name").selectOption("Living room");
  await page.locator("#spotify-device").getByRole("button", { name: "Use" }).click();
  await until("it is chosen", async () => (await ask("/api/spotify")).device === "Living room");
});
await check("a playlist is picked for a mood", async () => {
  await page.locator("#list-happy").selectOption({ label: "Sunny days" });
  await page.getByRole("button", { name: "Use for happy" }).click();
  await until("it is picked", async () => (await ask("/api/spotify")).picks.some(([mood, , name]) => mood === "happy" && name === "Sunny days"));
  await until("it is read", async () => { const { refresh } = await ask("/api/spotify"); return refresh.steps === null && refresh.ended; });
});
await check("a song of Spotify's plays with a click, and can be opened there", async () => {
  const library = await open(phone, "/library?mood=happy");
  await library.locator("#tracks .sleeve").first().click();
  await until("it plays", async () => (await ask("/api/state")).playing?.address?.startsWith("https://open.spotify.com/track/"));
  await library.locator("#tracks details.more summary").first().click();
  assert.match(await library.locator("#tracks .deeds a").first().getAttribute("href"), /^https:\/\/open\.spotify\.com\/track\/\w+$/);
  if (shots) await library.screenshot({ path: `${shots}/library-menu-phone.png` });
  await library.context().close();
  const now = await open(desktop, "/");
  const { playing } = await ask("/api/state");
  const link = now.locator("#player .what-plays a");
  assert.equal(await link.getAttribute("href"), playing.address);
  assert.ok((await link.boundingBox()).height < 60, "the link is as big as a button");
  await now.context().close();
});
await look("logged-in", "/spotify");
await look("now", "/");
await look("library", "/library");
await check("logged out with one press", async () => {
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("nobody is logged in").first().waitFor();
  assert.equal((await ask("/api/spotify")).log_in, "out");
});
await browser.close();
