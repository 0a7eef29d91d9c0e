import { afterEach, expect, test, vi } from 'vitest';
import { openCatalog } from './catalog.ts';
import { openStore } from './files.ts';

const root = (): string => `test_${crypto.randomUUID()}`;
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values);
const read = async (blob: Blob | undefined): Promise<number[] | undefined> =>
  blob && [...new Uint8Array(await blob.arrayBuffer())];

afterEach(() => {
  vi.restoreAllMocks();
});

test('without OPFS everything lives in memory and is told to whoever keeps it', async () => {
  vi.spyOn(navigator.storage, 'getDirectory').mockRejectedValue(new DOMException('private', 'SecurityError'));
  const kept: string[] = [];
  using store = await openStore({ root: root(), onKept: (n, b) => kept.push(`${n} ${b?.size}`) });
  expect([store.mode, store.writer]).toEqual(['memory', true]);
  await store.write('a', [bytes(1, 2)]);
  expect(await read(await store.read('a'))).toEqual([1, 2]);
  expect(await store.list()).toEqual([{ name: 'a', bytes: 2 }]);
  await store.delete('a');
  expect(kept).toEqual(['a 2', 'a undefined']);
});

test('a file is written, replaced, listed and deleted; a missing one is undefined', async () => {
  using store = await openStore({ root: root() });
  expect(store.mode).toBe('opfs');
  expect(store.writer).toBe(true);
  expect(await store.read('a.bin')).toBeUndefined();
  expect(await store.write('a.bin', [bytes(1, 2), bytes(3)])).toBe(3);
  expect(await store.write('a.bin', new Blob([bytes(9)]))).toBe(1);
  expect(await read(await store.read('a.bin'))).toEqual([9]);
  expect(await store.list()).toEqual([{ name: 'a.bin', bytes: 1 }]);
  await store.delete('a.bin');
  await store.delete('a.bin');
  expect(await store.list()).toEqual([]);
});

test('a name with a path in it is refused', async () => {
  using store = await openStore({ root: root() });
  await expect(store.read('../x')).rejects.toThrow('no file name');
});

test('a second store reads, keeps its own writes in memory, and writes once the first is gone', async () => {
  const name = root();
  const first = await openStore({ root: name });
  await first.write('a', [bytes(1)]);
  const kept: string[] = [];
  using second = await openStore({ root: name, onKept: (n, b) => kept.push(`${n} ${b?.size}`) });
  expect(second.writer).toBe(false);
  expect(await read(await second.read('a'))).toEqual([1]);
  await second.write('a', [bytes(2, 2)]);
  expect(await read(await second.read('a'))).toEqual([2, 2]);
  expect(await read(await first.read('a'))).toEqual([1]);
  expect(kept).toEqual(['a 2']);
  first[Symbol.dispose]();
  await second.whenWriter;
  await second.flush();
  expect(kept).toEqual(['a 2', 'a undefined']);
  using third = await openStore({ root: name });
  expect(await read(await third.read('a'))).toEqual([2, 2]);
});

test('what a store kept in memory comes back in the next one', async () => {
  using store = await openStore({ root: root(), kept: new Map([['b', new Blob(['x'])]]) });
  expect((await store.read('b'))?.size).toBe(1);
});

test('in a worker a file is replaced through a sync access handle', async () => {
  const name = root();
  const module = new URL('./files.ts', import.meta.url).href;
  const source = `import { openStore } from ${JSON.stringify(module)};
    const store = await openStore({ root: ${JSON.stringify(name)} });
    await store.write('a', [new Uint8Array(20_000_000).fill(1)]);
    await store.write('a', [new Uint8Array([7, 8])]);
    postMessage((await store.list()).map((f) => f.name + ' ' + f.bytes).join());`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), {
    type: 'module',
  });
  const answer = await new Promise((resolve, reject) => {
    worker.onmessage = (e) => resolve(e.data);
    worker.onerror = (e) => reject(new Error(e.message));
  });
  worker.terminate();
  expect(answer).toBe('a 2');
});

test('catalogue records come back after a reopening; those of a reader stay in memory', async () => {
  const name = root();
  const first = await openCatalog({ name });
  await first.put('run', { id: 'r1' });
  first[Symbol.dispose]();
  const kept: string[] = [];
  using second = await openCatalog({
    name,
    durable: () => false,
    onKept: (k, r) => kept.push(`${k} ${r?.id}`),
  });
  await second.put('run', { id: 'r2' });
  expect((await second.all('run')).map((r) => r.id).sort()).toEqual(['r1', 'r2']);
  expect(kept).toEqual(['run/r2 r2']);
  using third = await openCatalog({ name });
  expect((await third.all('run')).map((r) => r.id)).toEqual(['r1']);
});
