import { afterEach, expect, test, vi } from 'vitest';
import { sha256Hex } from './hash.ts';
import { droppedFiles, readJson, readText, readWhole, subfolder, urlFolder } from './sources.ts';

const blob = (text: string): Blob => new Blob([text]);

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A host that answers with `files`, in two chunks each. */
function serve(files: Readonly<Record<string, string>>, headers: Record<string, string> = {}): void {
  vi.stubGlobal('fetch', async (url: URL) => {
    const text = files[url.pathname];
    if (text === undefined)
      return new Response('<!doctype html>', { status: 200, headers: { 'content-type': 'text/html' } });
    const bytes = new TextEncoder().encode(text);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, 2));
        controller.enqueue(bytes.slice(2));
        controller.close();
      },
    });
    return new Response(body, { headers });
  });
}

test('dropped files lose the folder that they share', async () => {
  const folder = droppedFiles([
    { name: 'gpt/config.json', blob: blob('{}') },
    { name: 'gpt/sub/w.bin', blob: blob('abc') },
  ]);
  expect(folder.names).toEqual(['config.json', 'sub/w.bin']);
  expect(await readText(subfolder(folder, 'sub'), 'w.bin')).toBe('abc');
  expect(await readText(folder, 'missing')).toBeUndefined();
});

test('a small file of known size comes at once', async () => {
  serve({ '/m/a.json': '{"x":1}' }, { 'content-length': '7' });
  const seen = [];
  for await (const p of urlFolder('https://host.test/m').read('a.json')) seen.push(p);
  expect(seen).toEqual([{ name: 'a.json', done: 7, total: 7 }]);
});

test('a folder behind a URL yields progress, and a page in place of a file means "not there"', async () => {
  serve({ '/m/a.json': '{"x":1}' });
  const folder = urlFolder('https://host.test/m');
  const seen = [];
  for await (const p of folder.read('a.json')) seen.push(p);
  expect(seen).toEqual([
    { name: 'a.json', done: 2, total: undefined },
    { name: 'a.json', done: 7, total: undefined },
  ]);
  expect(await readJson(folder, 'a.json')).toEqual({ x: 1 });
  expect(await readWhole(folder, 'b.json')).toBeUndefined();
});

test('a file that differs from its stated hash, or grows past its size, is refused', async () => {
  serve({ '/m/a': 'hello', '/m/b': 'hello!', '/m/c': 'hello' });
  const sha256 = await sha256Hex(new TextEncoder().encode('hello'));
  const claims = new Map([
    ['a', { bytes: 5, sha256 }],
    ['b', { bytes: 5, sha256 }],
    ['c', { bytes: 5, sha256: sha256.replace(/^./, 'z') }],
  ]);
  const folder = urlFolder('https://host.test/m/', { claims });
  expect(await readText(folder, 'a')).toBe('hello');
  await expect(readText(folder, 'b')).rejects.toMatchObject({ code: 'format' });
  await expect(readText(folder, 'c')).rejects.toMatchObject({ code: 'format' });
  expect(await readWhole(folder, 'not-claimed')).toBeUndefined();
});

test('sizes are capped for drops and downloads', async () => {
  serve({ '/m/a': 'hello' });
  await expect(readWhole(urlFolder('https://host.test/m/'), 'a', { maxBytes: 4 })).rejects.toMatchObject({
    code: 'format',
  });
  const dropped = droppedFiles([{ name: 'a', blob: blob('hello') }]);
  await expect(readWhole(dropped, 'a', { maxBytes: 4 })).rejects.toMatchObject({ code: 'format' });
});

test('a host that cannot be reached gives one sentence with the next step', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  await expect(readText(urlFolder('https://host.test/m/'), 'a')).rejects.toMatchObject({
    code: 'format',
    message: 'a could not be fetched from host.test.',
  });
});
