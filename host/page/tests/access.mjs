// Comes in from beyond the machine, as through a proxy: `node access.mjs URL`, for a page without a password yet.
//
// Sets the password, mistypes it, logs in, steers, ends a session elsewhere and sees that page go back to the log-in;
// with JavaScript and without. Each view is checked with axe, on a phone and a desktop, light and dark. SHOTS names a
// folder for pictures. Ends with 1 at the first thing that is wrong.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const base = process.argv[2]?.replace(/\/$/, "");
if (!base) {
  console.error("use: node access.mjs http://127.0.0.1:PORT/");
  process.exit(2);
}
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const far = { extraHTTPHeaders: { "x-forwarded-for": "203.0.113.9" } };
const password = "nine wet umbrellas";
const complaints = [];

async function visitor(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...far, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (e) => complaints.push(e.message));
  // A page that is not let in is told so with a status, which the browser writes down.
  page.on("console", (m) => {
    if (["error", "warning"].includes(m.type()) && !/status of (400|401|403)/.test(m.text())) complaints.push(m.text());
  });
  return page;
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

/** The page as it is now, in every view. */
async function looksRight(name, path, cookies, before = async () => {}) {
  const views = { phone: { viewport: { width: 390, height: 844 }, hasTouch: true }, desktop: {} };
  for (const [view, options] of Object.entries(views)) {
    for (const colorScheme of ["light", "dark"]) {
      await check(`${name}, ${view}, ${colorScheme}: fits its window, and axe finds nothing`, async () => {
        const page = await visitor({ ...options, colorScheme });
        await page.context().addCookies(cookies);
        await page.goto(base + path);
        await before(page);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `the page is ${wide} px too wide`);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`), []);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${view}-${colorScheme}.png`, fullPage: true });
        await page.context().close();
      });
    }
  }
}
const button = (page, name) => page.getByRole("button", { name, exact: true });
const alert = (page) => page.getByRole("alert");

await looksRight("first password", "/", []);
await check("without the code from the log nobody sets the password", async () => {
  const page = await visitor();
  await page.goto(`${base}/library`);
  assert.equal(new URL(page.url()).pathname, "/login");
  await page.getByLabel("Setup code").fill("ABCD-EFGH");
  await page.getByLabel("New password").fill(password);
  await page.getByLabel("The same again").fill("nine wet umbrella");
  await button(page, "Set the password").click();
  assert.match(await alert(page).textContent(), /are not the same/);
  await page.getByLabel("Setup code").fill("ABCD-EFGH");
  await page.getByLabel("New password").fill(password);
  await page.getByLabel("The same again").fill(password);
  await button(page, "Set the password").click();
  assert.match(await alert(page).textContent(), /This is not the setup code/);
  await page.context().close();
});
await check("on the machine itself the password is set without one", async () => {
  const page = await visitor({ extraHTTPHeaders: {} });
  await page.goto(`${base}/account`);
  await page.getByRole("link", { name: "Set a password" }).click();
  assert.equal(await page.getByLabel("Setup code").count(), 0);
  await page.getByLabel("New password").fill("short");
  await page.getByLabel("The same again").fill("short");
  await button(page, "Set the password").click();
  assert.match(await alert(page).textContent(), /5 characters; use 8 or more/);
  await page.getByLabel("New password").fill(password);
  await page.getByLabel("The same again").fill(password);
  await button(page, "Set the password").click();
  await page.getByText("live", { exact: true }).waitFor();
  await page.context().close();
});

await looksRight("log-in", "/", []);
await check("an address that is none of the pages leads to the log-in too, once", async () => {
  const page = await visitor();
  let loads = 0;
  page.on("load", () => { loads += 1; });
  await page.goto(`${base}/nowhere`);
  await page.waitForTimeout(1500);
  assert.deepEqual([new URL(page.url()).pathname, loads], ["/login", 1]);
  await page.context().close();
});
await looksRight("wrong password", "/", [], async (page) => {
  await page.route("**/login", (route) => route.request().method() === "POST" ? route.continue({
    headers: { ...route.request().headers(), "x-forwarded-for": `198.51.100.${Math.floor(Math.random() * 250)}` },
  }) : route.continue());
  await page.getByLabel("Password").fill("nine wet walruses");
  await button(page, "Log in").click();
  assert.match(await alert(page).textContent(), /This is not the password/);
});

async function logIn(options) {
  const page = await visitor(options);
  await page.goto(`${base}/library?q=tram`);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${base}/library?q=tram`);
  return page;
}
const page = await logIn();
await check("who logs in is where they wanted to go, and can steer", async () => {
  await page.getByText("live", { exact: true }).waitFor();
  await page.goto(base);
  const cookies = await page.context().cookies();
  assert.ok(cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === "Lax"));
  await button(page.locator("#player"), "Pause").click();
  await button(page.locator("#player"), "Play").waitFor();
  await page.reload();
  await button(page.locator("#player"), "Play").click();
  await button(page.locator("#player"), "Pause").waitFor();
});
await check("without JavaScript too", async () => {
  const plain = await logIn({ javaScriptEnabled: false });
  await plain.goto(base);
  await button(plain.locator("#player"), "Pause").click();
  await button(plain.locator("#player"), "Play").click();
  await button(plain.locator("#player"), "Pause").waitFor();
  await plain.goto(`${base}/account`);
  await button(plain, "Log out").click();
  assert.equal(new URL(plain.url()).pathname, "/login");
  await plain.context().close();
});
await looksRight("access", "/account", await page.context().cookies());
await check("a session that is ended elsewhere goes back to the log-in by itself", async () => {
  const other = await logIn();
  await other.getByText("live", { exact: true }).waitFor();
  await page.goto(`${base}/account`);
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByLabel("New password").fill("half of one");
  await button(page, "End all others").click();
  await page.getByText("All other sessions have ended.").waitFor();
  await page.locator("#end-others").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("New password").inputValue(), "half of one", "what is typed stays");
  await other.getByLabel("Password").waitFor();
  assert.equal(new URL(other.url()).pathname, "/login");
  assert.match(other.url(), /next=/);
  await other.context().close();
});
await check("another password logs the others out, and this one on", async () => {
  await page.goto(`${base}/account`);
  await page.getByLabel("The password of today").fill(password);
  await page.getByLabel("New password").fill("ten dry umbrellas");
  await page.getByLabel("The same again").fill("ten dry umbrellas");
  await button(page, "Set it").click();
  await page.getByText("this one").waitFor();
  await button(page, "Log out").click();
  await page.getByLabel("Password").waitFor();
});
await browser.close();
