import type { ByteProgress } from '#io/sources.ts';
import type { Progress } from './protocol/common.ts';
import type { Api, ApiName, Handlers } from './protocol.ts';

const NO_EVENTS: readonly never[] = [];

/** A handler without events, from a plain function. */
export function answer<K extends ApiName>(
  work: (input: Api[K]['in'], signal: AbortSignal) => Promise<Api[K]['out']>,
): Handlers[K] {
  return async function* (input: Api[K]['in'], signal: AbortSignal) {
    yield* NO_EVENTS;
    return work(input, signal);
  } as Handlers[K];
}

/** Progress of one file as the page hears it. */
export async function* withProgress(
  reading: AsyncGenerator<ByteProgress, Blob | undefined, void>,
): AsyncGenerator<Progress, Blob | undefined, void> {
  for (;;) {
    const step = await reading.next();
    if (step.done) return step.value;
    const { name, done, total } = step.value;
    yield { type: 'progress', what: name, done, total, unit: 'bytes' };
  }
}

/** Runs a generator to its end and drops its events. */
export async function finish<R>(work: AsyncGenerator<unknown, R, void>): Promise<R> {
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}
