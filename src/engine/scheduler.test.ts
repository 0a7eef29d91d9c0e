import { expect, test } from 'vitest';
import { macrotask, Scheduler } from './scheduler.ts';

test('an interactive request runs between two steps of background work', async () => {
  const scheduler = new Scheduler();
  const order: string[] = [];
  async function* work(): AsyncGenerator<number, string, void> {
    for (let i = 0; i < 3; i++) {
      order.push(`step ${i}`);
      await macrotask();
      yield i;
    }
    return 'done';
  }
  const run = async (): Promise<string> => {
    const steps = scheduler.background(work());
    for (;;) {
      const step = await steps.next();
      if (step.done) return step.value;
    }
  };
  const click = async (name: string): Promise<void> => {
    using _turn = await scheduler.enter('interactive');
    order.push(name);
  };
  const running = run();
  const clicks = [click('a'), click('b')];
  expect(await running).toBe('done');
  await Promise.all(clicks);
  expect(order).toEqual(['step 0', 'a', 'b', 'step 1', 'step 2']);
});

test('a cancelled request leaves the queue and the turn goes on', async () => {
  const scheduler = new Scheduler();
  const first = await scheduler.enter('interactive');
  const controller = new AbortController();
  const second = scheduler.enter('interactive', controller.signal);
  const third = scheduler.enter('background');
  expect(scheduler.interactiveWaits).toBe(true);
  controller.abort();
  await expect(second).rejects.toThrow('cancelled');
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  (await third)[Symbol.dispose]();
  (await scheduler.enter('background'))[Symbol.dispose]();
});

test('leaving background work frees it and passes the turn on', async () => {
  const scheduler = new Scheduler();
  let freed = false;
  async function* work(): AsyncGenerator<number, void, void> {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      freed = true;
    }
  }
  for await (const i of scheduler.background(work())) if (i === 2) break;
  expect(freed).toBe(true);
  (await scheduler.enter('interactive'))[Symbol.dispose]();
});
