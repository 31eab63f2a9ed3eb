import type { Browser } from 'playwright';
import type { PreviewServer } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Visit } from './browser.ts';
import { draw, percents, servePage, startBrowser, visit } from './browser.ts';

/** The page as its visitors meet it, and pictures of each of its states, in .cache/page-screenshots. */

const short = process.env.PAGE_TESTS === 'short';

let server: PreviewServer;
let browser: Browser;
let open: Visit | null = null;

beforeAll(async () => {
  server = await servePage();
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});
afterEach(async () => {
  // Nothing may have gone wrong, whatever the test looked at.
  expect(open?.problems ?? []).toEqual([]);
  await open?.page.context().close();
  open = null;
});

async function enter(
  ...args: [query?: Parameters<typeof visit>[2], options?: Parameters<typeof visit>[3]]
): Promise<Visit> {
  open = await visit(browser, server, ...args);
  return open;
}

/** Waits until the training is in that state, and no longer where it has failed. */
async function state(page: Visit['page'], name: string): Promise<void> {
  await page.locator(`body[data-state=${name}], body[data-state=failed]`).waitFor({ timeout: 150_000 });
  if (name !== 'failed') expect(await page.locator('#failure').innerText()).toBe('');
}

/** A seven. */
const seven = [
  [0.25, 0.2],
  [0.75, 0.2],
  [0.42, 0.85],
] as const;
/** A nought. */
const nought = Array.from({ length: 17 }, (_, i) => {
  const angle = (2 * Math.PI * i) / 16;
  return [0.5 + 0.2 * Math.sin(angle), 0.5 - 0.32 * Math.cos(angle)] as const;
});

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe.each([
  { device: 'wasm', model: 'cnn', steps: 60, batch: 32 },
  { device: 'webgpu', model: 'rnn', steps: 60, batch: 64 },
] as const)('$model on $device', ({ device, model, steps, batch }) => {
  test('learns, and tells what is drawn', async () => {
    const { page, shown, picture, number } = await enter({ model, device, steps, batch, train: 6400, test: 100 });
    await page.getByRole('button', { name: 'Train' }).click();
    await state(page, 'running');
    expect(await page.locator('#status').innerText()).toContain(device);
    await draw(page, seven);
    await state(page, 'finished');
    const [first = NaN, ...rest] = (await shown('figure-score')).filter((text) => text !== '–').map(parseFloat);
    const last = rest.at(-1) ?? NaN;
    expect(last, 'accuracy rises').toBeGreaterThan(Math.max(first + 10, 25));
    const losses = (await shown('figure-loss')).filter((text) => text !== '–').map(parseFloat);
    expect(losses.at(-1), 'loss falls').toBeLessThan((losses[0] ?? NaN) - 0.2);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(await number('figure-step')).toBe(steps);

    const ofSeven = await percents(page);
    expect(ofSeven).toHaveLength(10);
    expect(Math.abs(sum(ofSeven) - 100)).toBeLessThan(0.6);
    await picture(`${device}-drawn-7`);
    await page.getByRole('button', { name: 'Clear' }).click();
    expect(await page.locator('#recognised').innerText()).toBe('Nothing is drawn yet.');
    await draw(page, nought);
    await expect.poll(() => page.locator('#recognised').innerText()).toContain('Recognised');
    // What is said follows what is drawn.
    await expect.poll(async () => (await percents(page))[0] ?? 0, { timeout: 20_000 }).toBeGreaterThan(ofSeven[0] ?? 0);
    expect(Math.abs(sum(await percents(page)) - 100)).toBeLessThan(0.6);
    await picture(`${device}-drawn-0`);

    await page.getByRole('button', { name: 'WGSL' }).click();
    await expect.poll(() => page.locator('#code-text').innerText(), { timeout: 60_000 }).toContain('@compute');
    await picture(`${device}-wgsl`);
  });
});

test('pauses and goes on, and does not stand still meanwhile', async () => {
  const { page, number, picture } = await enter({ model: 'cnn', device: 'wasm', train: 3200, test: 100 });
  const longestPause = page.evaluate(async () => {
    let [longest, last] = [0, performance.now()];
    while (document.body.dataset.state !== 'paused') {
      await new Promise((resolve) => setTimeout(resolve));
      const now = performance.now();
      [longest, last] = [Math.max(longest, now - last), now];
    }
    return longest;
  });
  await page.getByRole('button', { name: 'Train' }).click();
  await state(page, 'running');
  await expect.poll(() => number('figure-step')).toBeGreaterThan(5);
  await picture('training');
  await page.getByRole('button', { name: 'Pause' }).click();
  // Scripts of the page itself never had to wait for the training.
  expect(await longestPause).toBeLessThan(500);
  await page.waitForTimeout(1500);
  const paused = await number('figure-step');
  await page.waitForTimeout(1000);
  expect(await number('figure-step')).toBe(paused);
  await picture('paused');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect.poll(() => number('figure-step')).toBeGreaterThan(paused);
  await page.getByRole('button', { name: 'Start over' }).click();
  expect(await page.locator('#figure-step').innerText()).toBe('–');
  expect(await page.getByRole('button', { name: 'Train' }).isEnabled()).toBe(true);
});

test.skipIf(short)('an autoencoder shows what it makes of digits, in the dark', async () => {
  const query = { model: 'autoencoder', device: 'wasm', steps: 200, train: 6400, batch: 64, test: 100 };
  const { page, picture, shown } = await enter(query, { colorScheme: 'dark' });
  await picture('dark-before');
  await page.getByRole('button', { name: 'Train' }).click();
  await state(page, 'running');
  await draw(page, seven);
  await state(page, 'finished');
  const errors = (await shown('figure-score')).filter((text) => text !== '–').map(parseFloat);
  expect(errors.at(-1)).toBeLessThan((errors[0] ?? 0) / 2);
  expect(await page.locator('#recognised').innerText()).toContain('what it makes of it');
  await picture('dark-autoencoder');
});

test.skipIf(short)('adversarial networks draw digits, on a phone', async () => {
  const query = { model: 'gan', device: 'wasm', steps: 24, train: 1600, batch: 32, test: 100 };
  const { page, picture } = await enter(query, {
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
  });
  await picture('phone-before');
  await page.getByRole('button', { name: 'Train' }).click();
  await state(page, 'finished');
  expect(await page.locator('#pictures canvas').first().isVisible()).toBe(true);
  // Drawing is for models that look at digits.
  expect(await page.locator('#pad').isVisible()).toBe(false);
  // Nothing is wider than the phone.
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await picture('phone-gan');
});

test.skipIf(short)('a classifier, on a phone in the dark', async () => {
  const query = { model: 'rnn', device: 'wasm', steps: 80, train: 6400, batch: 64, test: 100 };
  const options = {
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    colorScheme: 'dark',
  } as const;
  const { page, picture } = await enter(query, options);
  await page.getByRole('button', { name: 'Train' }).click();
  await state(page, 'finished');
  await page.getByRole('button', { name: 'Take a test digit' }).click();
  await expect.poll(() => page.locator('#recognised').innerText()).toContain('Recognised');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await picture('phone-dark-rnn');
});

test('says so where there is no WebGPU', async () => {
  const plain = await startBrowser({ webgpu: false });
  try {
    open = await visit(plain, server);
    const { page, picture } = open;
    await page.locator('#gpu-note').waitFor({ state: 'visible' });
    expect(await page.locator('#gpu-note').innerText()).toMatch(/WebGPU.*Training runs on the processor instead/s);
    expect(await page.locator('#device-webgpu').isDisabled()).toBe(true);
    expect(await page.locator('#device-wasm').isChecked()).toBe(true);
    await picture('no-webgpu');
  } finally {
    await plain.close();
    open = null;
  }
});

test('says in words what went wrong', async () => {
  const { page, picture } = await enter({ model: 'cnn', device: 'wasm', train: 10 });
  await page.getByRole('button', { name: 'Train' }).click();
  await state(page, 'failed');
  expect(await page.getByRole('alert').innerText()).toContain('10 images are too few for steps of 32');
  await picture('failed');
  await page.getByRole('button', { name: 'Start over' }).click();
  expect(await page.getByRole('alert').isVisible()).toBe(false);
});
