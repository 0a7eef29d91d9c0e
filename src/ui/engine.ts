import { WorkbenchError } from '#base/errors.ts';
import type { Api, ApiName, Call, Notice } from '#engine/protocol.ts';

/** What the page needs of the engine client (src/engine/client.ts). */
export interface EngineLike {
  call<K extends ApiName>(name: K, input: Api[K]['in']): Call<K>;
  onNotice(listener: (notice: Notice) => void): unknown;
  restart(reason: string): void;
}

let engine: EngineLike | undefined;

/** The page has one engine; main.tsx connects it once, tests connect their own. */
export function connectEngine(e: EngineLike): void {
  engine = e;
}

/** Sends one request to the engine. @throws WorkbenchError('internal') before `connectEngine`. */
export function call<K extends ApiName>(name: K, input: Api[K]['in']): Call<K> {
  if (!engine)
    throw new WorkbenchError('internal', `engine: ${name} was called before the engine was connected`);
  return engine.call(name, input);
}

/** The answer of a request whose events nobody wants. */
export function request<K extends ApiName>(name: K, input: Api[K]['in']): Promise<Api[K]['out']> {
  return call(name, input).result;
}

/** Ends the engine's worker and starts another, which loads again what was loaded. */
export function restartEngine(reason: string): void {
  engine?.restart(reason);
}
