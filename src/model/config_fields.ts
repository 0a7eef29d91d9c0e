import { WorkbenchError } from '#base/errors.ts';

/** A parsed config.json: outside input, read only through the functions below. */
export type Json = Readonly<Record<string, unknown>>;

const HINT = 'Choose the config.json that belongs to these weights.';

function refuse(message: string): never {
  throw new WorkbenchError('format', `config.json: ${message}`, { hint: HINT });
}
const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 40);

/** Bounds of a whole number; `fallback` stands in for a field that is absent or null. */
export interface CountBounds {
  readonly min: number;
  readonly max: number;
  readonly fallback?: number;
}

/**
 * A whole number within bounds.
 *
 * @throws WorkbenchError('format') when it is missing without a fallback, not a whole number, or out of bounds.
 */
export function readCount(json: Json, name: string, bounds: CountBounds): number {
  const value = json[name] ?? bounds.fallback;
  if (value === undefined) return refuse(`${name} is missing.`);
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    return refuse(`${name} is ${shown(value)}, expected a whole number.`);
  if (value < bounds.min || value > bounds.max)
    return refuse(`${name} is ${value}, expected ${bounds.min} to ${bounds.max}.`);
  return value;
}

/** A positive real number of at most `max`; same refusals as `readCount`. */
export function readPositive(json: Json, name: string, bounds: { max: number; fallback: number }): number {
  const value = json[name] ?? bounds.fallback;
  if (typeof value !== 'number' || !(value > 0) || value > bounds.max)
    return refuse(`${name} is ${shown(value)}, expected a number above 0 and at most ${bounds.max}.`);
  return value;
}

/** true or false; `fallback` when absent or null. */
export function readFlag(json: Json, name: string, fallback: boolean): boolean {
  const value = json[name] ?? fallback;
  if (typeof value !== 'boolean') return refuse(`${name} is ${shown(value)}, expected true or false.`);
  return value;
}

/** One of the keys of `meanings`, turned into its meaning. */
export function readWord<T>(
  json: Json,
  name: string,
  meanings: Readonly<Record<string, T>>,
  fallback: string,
): T {
  const value = json[name] ?? fallback;
  if (typeof value === 'string' && Object.hasOwn(meanings, value)) return meanings[value] as T;
  throw new WorkbenchError('unsupported-model', `config.json: ${name} is ${shown(value)}.`, {
    hint: `Headlight knows ${Object.keys(meanings).join(', ')}.`,
  });
}

/** A token id, or undefined when there is none or it lies outside the vocabulary (seen in small re-vocabularied models). */
export function readTokenId(json: Json, name: string, d_vocab: number): number | undefined {
  const value = json[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < d_vocab
    ? value
    : undefined;
}
