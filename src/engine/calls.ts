import { WorkbenchError } from '#base/errors.ts';
import type { Api, ApiName, Call } from './protocol.ts';

/** The page's end of one call: a queue of events that closes with the answer. */
export interface OpenCall {
  readonly id: number;
  readonly name: ApiName;
  input: unknown;
  /** Times that a restart sent it again. */
  retries: number;
  /** Run that this call trains, once known. */
  run: string | undefined;
  event(event: unknown): void;
  done(out: unknown): void;
  fail(error: WorkbenchError): void;
}

interface Waiting {
  readonly resolve: (step: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes both ends: what the caller holds, and what the client feeds. Events wait in order until they are asked for. */
export function openCall<K extends ApiName>(
  name: K,
  input: Api[K]['in'],
  options: { readonly id: number; readonly cancel: () => void },
): { readonly call: Call<K>; readonly open: OpenCall } {
  const events: unknown[] = [];
  const waiting: Waiting[] = [];
  let ended: 'no' | 'done' | { readonly error: WorkbenchError } = 'no';
  let resolve: (out: unknown) => void = () => undefined;
  let reject: (error: WorkbenchError) => void = () => undefined;
  const promise = new Promise<unknown>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  // Callers that only iterate must not cause an unhandled rejection.
  promise.catch(() => undefined);
  const finish = (): void => {
    for (const w of waiting.splice(0))
      if (ended === 'done') w.resolve({ done: true, value: undefined });
      else if (ended !== 'no') w.reject(ended.error);
  };
  const next = async (): Promise<IteratorResult<unknown, undefined>> => {
    if (events.length > 0) return { done: false, value: events.shift() };
    if (ended === 'done') return { done: true, value: undefined };
    if (ended !== 'no') throw ended.error;
    return new Promise((res, rej) => waiting.push({ resolve: res, reject: rej }));
  };
  const open: OpenCall = {
    id: options.id,
    name,
    input,
    retries: 0,
    run: undefined,
    event(event) {
      const first = waiting.shift();
      if (first) first.resolve({ done: false, value: event });
      else events.push(event);
    },
    done(out) {
      if (ended !== 'no') return;
      ended = 'done';
      resolve(out);
      finish();
    },
    fail(error) {
      if (ended !== 'no') return;
      ended = { error };
      reject(error);
      finish();
    },
  };
  const call = {
    result: promise,
    cancel: options.cancel,
    [Symbol.asyncIterator]: () => ({ next, return: leave }),
  } as unknown as Call<K>;
  /** Leaving the loop does not end the call: `cancel` does. */
  async function leave(): Promise<IteratorResult<unknown, undefined>> {
    return { done: true, value: undefined };
  }
  return { call, open };
}

/** The error of a call that was cancelled. */
export function cancelled(name: ApiName): WorkbenchError {
  return new WorkbenchError('cancelled', `${name} was cancelled.`);
}
