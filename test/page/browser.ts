import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright';
import { chromium } from 'playwright';
import type { PreviewServer } from 'vite';
import { build, preview } from 'vite';
import { chromiumArgs, chromiumPath, softwareWebGpu } from '../../scripts/chromium.mjs';

const configFile = 'examples/page/vite.config.ts';
/** Where the pictures of the page go. */
export const screenshots = '.cache/page-screenshots';
const outDir = join(process.cwd(), '.cache/page-dist');

/** Builds the page as for a server, and serves it. */
export async function servePage(): Promise<PreviewServer> {
  mkdirSync(screenshots, { recursive: true });
  await build({ configFile, logLevel: 'error', build: { outDir } });
  return preview({ configFile, logLevel: 'error', build: { outDir }, preview: { port: 0 } });
}

/** Starts Chromium, with WebGPU or as it comes. */
export const startBrowser = async ({ webgpu = true } = {}): Promise<Browser> =>
  chromium.launch({
    executablePath: await chromiumPath(),
    args: webgpu ? [...chromiumArgs, ...softwareWebGpu] : chromiumArgs,
  });

/** The page in a browser, and what goes wrong in it. */
export interface Visit {
  readonly page: Page;
  /** Errors of the page and its worker. */
  readonly problems: readonly string[];
  /** All that an element has shown, one after the other. */
  shown(id: string): Promise<readonly string[]>;
  picture(name: string): Promise<void>;
  /** The number that an element shows first. */
  number(id: string): Promise<number>;
}

/** Opens the page. */
export async function visit(
  browser: Browser,
  server: PreviewServer,
  query: Readonly<Record<string, string | number>> = {},
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('requestfailed', (request) => problems.push(`${request.url()} failed`));
  await page.addInitScript(watch);
  const address = server.resolvedUrls?.local[0] ?? '';
  await page.goto(
    `${address}?${new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)])).toString()}`,
  );
  await page.locator('#gpu-note, .about:text("The graphics processor")').first().waitFor({ state: 'attached' });
  return {
    page,
    problems,
    shown: (id) => page.evaluate((name) => (window as unknown as Watched).shown[name] ?? [], id),
    picture: async (name) => {
      await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
    },
    number: async (id) => parseFloat((await page.locator(`#${id}`).innerText()).replaceAll(',', '')),
  };
}

interface Watched {
  shown: Record<string, string[]>;
}

/** Runs in the page: keeps every text that the figures have. */
function watch(): void {
  const watched = window as unknown as Watched;
  watched.shown = {};
  document.addEventListener('DOMContentLoaded', () => {
    for (const figure of document.querySelectorAll('dd')) {
      const texts: string[] = (watched.shown[figure.id] = []);
      new MutationObserver(() => texts.push(figure.textContent)).observe(figure, { childList: true });
    }
  });
}

/** Draws a line on the pad, through places from 0 to 1. */
export async function draw(page: Page, places: readonly (readonly [x: number, y: number])[]): Promise<void> {
  const pad = page.locator('#pad');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (box === null) throw new Error('the pad is not there');
  const at = ([x, y]: readonly [number, number]): [number, number] => [box.x + x * box.width, box.y + y * box.height];
  const [first = [0.5, 0.5], ...rest] = places;
  await page.mouse.move(...at(first));
  await page.mouse.down();
  for (const place of rest) await page.mouse.move(...at(place), { steps: 4 });
  await page.mouse.up();
}

/** How probable each digit is, in percent, as the page says it. */
export async function percents(page: Page): Promise<readonly number[]> {
  return (await page.locator('#probabilities .percent').allInnerTexts()).map((text) => parseFloat(text));
}
