import { expect, test } from 'vitest';
import { openEngine, type WorkerPort } from './client.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

/** A worker that the test plays: it notes what the client sends and answers by hand. */
class FakeWorker implements WorkerPort {
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onerror: ((event: { message?: string }) => void) | null = null;
  ended = false;
  readonly sent: ToWorker[] = [];
  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }
  terminate(): void {
    this.ended = true;
  }
  say(message: FromWorker): void {
    this.onmessage?.({ data: message });
  }
  calls(): { id: number; name: string; input: unknown }[] {
    return this.sent.filter((m) => m.kind === 'call');
  }
}

function setup(): { workers: FakeWorker[]; engine: ReturnType<typeof openEngine> } {
  const workers: FakeWorker[] = [];
  const spawn = (): FakeWorker => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  };
  return { workers, engine: openEngine({ spawn }) };
}
const lost = { code: 'device-lost', message: 'The GPU device was lost' } as const;

test('events come in order, then the answer', async () => {
  const { workers, engine } = setup();
  const call = engine.call('loadModel', { source: 'embedded' });
  const [worker] = workers as [FakeWorker];
  const id = worker.calls()[0]?.id as number;
  worker.say({ kind: 'event', id, event: { type: 'progress', done: 1 } });
  worker.say({ kind: 'event', id, event: { type: 'progress', done: 2 } });
  worker.say({ kind: 'done', id, out: { id: 'm' } });
  const seen: unknown[] = [];
  for await (const event of call) seen.push(event.done);
  expect(seen).toEqual([1, 2]);
  expect(await call.result).toEqual({ id: 'm' });
});

test('an error of the worker rejects with its code and hint', async () => {
  const { workers, engine } = setup();
  const call = engine.call('adapter', {});
  workers[0]?.say({ kind: 'error', id: 1, error: { code: 'gpu-unavailable', message: 'no', hint: 'do' } });
  await expect(call.result).rejects.toMatchObject({ code: 'gpu-unavailable', hint: 'do' });
});

test('a cancelled call rejects at once and tells the worker; a run waits for its own end', async () => {
  const { workers, engine } = setup();
  const read = engine.call('adapter', {});
  const run = engine.call('train', { site: 's', variant: 'topk', d_sae: 1, tokens: 1, batch: 1 });
  read.cancel();
  run.cancel();
  await expect(read.result).rejects.toMatchObject({ code: 'cancelled' });
  expect(workers[0]?.sent.filter((m) => m.kind === 'cancel')).toEqual([
    { kind: 'cancel', id: 1 },
    { kind: 'cancel', id: 2 },
  ]);
  workers[0]?.say({ kind: 'error', id: 2, error: { code: 'cancelled', message: 'stopped' } });
  await expect(run.result).rejects.toMatchObject({ message: 'stopped' });
});

test('after a lost device a new worker loads again, resumes the run and asks open questions again', async () => {
  const { workers, engine } = setup();
  const load = engine.call('loadModel', { source: 'https://x.test/m' });
  workers[0]?.say({ kind: 'done', id: 1, out: {} });
  await load.result;
  const run = engine.call('train', { site: 's', variant: 'topk', d_sae: 1, tokens: 1, batch: 1 });
  workers[0]?.say({ kind: 'event', id: 2, event: { type: 'start', run: { id: 'r1' } } });
  const ask = engine.call('encode', { input: 'hi', sae: 'x' });
  workers[0]?.say({ kind: 'keep', kept: { key: 'blob:run_r1', value: new Blob(['x']) } });
  const notices: string[] = [];
  engine.onNotice((n) => notices.push(n.type));
  workers[0]?.say({ kind: 'notice', notice: { type: 'device-lost', error: lost } });
  expect(workers.map((w) => w.ended)).toEqual([true, false]);
  expect(notices).toEqual(['device-lost', 'restarted']);
  const second = workers[1] as FakeWorker;
  expect(second.sent[0]).toMatchObject({ kind: 'open', kept: [{ key: 'blob:run_r1' }] });
  expect(second.calls()).toMatchObject([
    { name: 'loadModel', input: { source: 'https://x.test/m' } },
    { id: 2, name: 'resumeRun', input: { run: 'r1' } },
    { id: 3, name: 'encode' },
  ]);
  workers[0]?.say({ kind: 'done', id: 3, out: 'from the dead' });
  second.say({ kind: 'done', id: 3, out: 'encoded' });
  expect(await ask.result).toBe('encoded');
  second.say({ kind: 'done', id: 2, out: 'summary' });
  expect(await run.result).toBe('summary');
});

test('a request that ends two workers is given up, and the engine after five deaths in a minute', async () => {
  const { workers, engine } = setup();
  const call = engine.call('encode', { input: 'hi', sae: 'x' });
  workers[0]?.onerror?.({ message: 'out of memory' });
  workers[1]?.onerror?.({ message: 'out of memory' });
  await expect(call.result).rejects.toMatchObject({ code: 'internal' });
  workers[2]?.onerror?.({});
  workers[3]?.onerror?.({});
  workers[4]?.onerror?.({});
  expect(workers.length).toBe(5);
  await expect(engine.call('adapter', {}).result).rejects.toMatchObject({ code: 'gpu-unavailable' });
  expect(await engine.ready).toMatchObject({ gpu: false });
});

test('ready tells whether there is a device', async () => {
  const { workers, engine } = setup();
  workers[0]?.say({ kind: 'notice', notice: { type: 'ready', gpu: true } });
  expect(await engine.ready).toEqual({ gpu: true });
  engine.close();
  expect(workers[0]?.ended).toBe(true);
  await expect(engine.call('adapter', {}).result).rejects.toMatchObject({ code: 'cancelled' });
});
