// Opens the pages as a person would, in light and in dark, wide and narrow, and collects what is wrong.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const base = process.env.BASE_URL;
const pages = ["/", "/docs"];
const looks = [
  { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { colorScheme: "light", viewport: { width: 360, height: 740 } },
];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const wrong = [];

// Chromium's own errands would look like requests of ours, or wait for a network that is not there.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    ...(process.getuid() === 0 ? ["--no-sandbox"] : []), // root may not use its sandbox
  ],
});

async function open(path, look) {
  const context = await browser.newContext({ ...look, baseURL: base });
  const page = await context.newPage();
  const complain = (what) => wrong.push(`${path} (${look.colorScheme}, ${look.viewport.width}): ${what}`);

  page.on("console", (message) => message.type() === "error" && complain(`console: ${message.text()}`));
  page.on("pageerror", (error) => complain(`script: ${error.message}`));
  page.on("requestfailed", (request) => complain(`failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on("response", (answer) => answer.status() >= 400 && complain(`${answer.status()}: ${answer.url()}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== base) complain(`outside: ${url}`);
  });
  await page.exposeFunction("complainAboutPolicy", (what) => complain(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      window.complainAboutPolicy(`${event.effectiveDirective} ${event.blockedURI}`),
    );
  });

  await page.goto(path, { waitUntil: "networkidle" });
  await page.locator("h1").first().waitFor(); // a page that is drawn by a script is idle before it is there
  return { page, complain, close: () => context.close() };
}

for (const path of pages) {
  for (const look of looks) {
    const { page, complain, close } = await open(path, look);
    // What is far below is drawn only when it is scrolled to.
    for (let step = 0; step < 30; step++) {
      await page.mouse.move(look.viewport.width / 2, look.viewport.height / 2);
      await page.mouse.wheel(0, 4000);
      await page.waitForTimeout(50);
    }
    await page.evaluate(axe); // through the debugger, which the page's policy does not bind
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, help, nodes } of violations) {
      complain(`axe: ${id}: ${help}: ${nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
    }
    const { wide, seen } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      seen: document.documentElement.clientWidth,
    }));
    if (wide > seen) complain(`wider than the screen: ${wide} > ${seen}`);
    await close();
  }
}

// "Try it": the first request of the list is sent from the browser, and its answer is shown.
const { page, complain } = await open("/docs", looks[0]);
try {
  await page.locator('a[href*="/GET/"]').first().click(); // what is not scrolled to is not drawn
  const button = page.getByRole("button", { name: /Test Request/ }).first();
  const [, path] = (await button.textContent()).match(/\(get (\S+)\)/);
  await button.click();
  const dialog = page.getByRole("dialog");
  const [answer] = await Promise.all([
    page.waitForResponse((response) => new URL(response.url()).pathname === path),
    dialog.getByRole("button", { name: /Send/ }).first().click(),
  ]);
  if (answer.status() !== 200) complain(`try it: ${answer.status()}`);
  await dialog.getByText("200 OK").first().waitFor();
} catch (error) {
  complain(`try it: ${error.message}`);
}

await browser.close();
if (wrong.length) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log(`Browser: ${pages.join(" and ")} in ${looks.length} looks: no error, nothing from elsewhere, accessible; "try it" works.`);
