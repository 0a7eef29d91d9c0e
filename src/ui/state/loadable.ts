import type { WireError } from '#base/errors.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { Progress } from '#engine/protocol/common.ts';
import type { Api, ApiName } from '#engine/protocol.ts';
import { call } from '../engine.ts';

/** Every asynchronous thing of the page; all four states are drawn (house style 26). */
export type Loadable<T> =
  | { readonly status: 'idle' }
  | { readonly status: 'loading'; readonly progress?: Progress | undefined }
  | { readonly status: 'ready'; readonly value: T }
  | { readonly status: 'failed'; readonly error: WireError };

export const IDLE: Loadable<never> = { status: 'idle' };
export const LOADING: Loadable<never> = { status: 'loading' };
export const ready = <T>(value: T): Loadable<T> => ({ status: 'ready', value });
/** The value when it is there, else undefined. */
export const valueIn = <T>(of: Loadable<T> | undefined): T | undefined =>
  of?.status === 'ready' ? of.value : undefined;

/** Any thrown thing as the plain error that the store holds; `undefined` for a cancelled call, which is not shown. */
export function asWireError(thrown: unknown): WireError | undefined {
  if (thrown instanceof WorkbenchError) return thrown.code === 'cancelled' ? undefined : thrown.toWire();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, hint: 'Please report this; reloading the page usually helps.' };
}

/** Asks one question at a time: asking again cancels the earlier call, and its answer is dropped. */
export interface Latest {
  ask<K extends ApiName>(
    name: K,
    input: Api[K]['in'],
    put: (answer: Loadable<Api[K]['out']>) => void,
  ): Promise<void>;
  /** Cancels what is under way; its answer is dropped. */
  cancel(): void;
}

/** `put` gets 'loading' (again with progress when the call reports it), then 'ready' or 'failed', unless overtaken. */
export function latest(): Latest {
  let turn = 0;
  let cancelCurrent: (() => void) | undefined;
  const cancel = () => {
    turn++;
    cancelCurrent?.();
    cancelCurrent = undefined;
  };
  return {
    cancel,
    async ask(name, input, put) {
      cancel();
      const mine = turn;
      put(LOADING);
      try {
        const c = call(name, input);
        cancelCurrent = () => c.cancel();
        const value = await withProgress(c, (progress) => {
          if (mine === turn) put({ status: 'loading', progress });
        });
        if (mine === turn) put(ready(value));
      } catch (thrown) {
        const error = asWireError(thrown);
        if (mine === turn && error) put({ status: 'failed', error });
      }
    },
  };
}

/** Drains the events of a call, hands on those that are progress, and returns the result. */
async function withProgress<T>(
  c: AsyncIterable<unknown> & { readonly result: Promise<T> },
  report: (p: Progress) => void,
): Promise<T> {
  const drain = (async () => {
    for await (const e of c) if ((e as { type?: string }).type === 'progress') report(e as Progress);
  })();
  drain.catch(() => undefined); // the same failure arrives through `result`
  return await c.result;
}
