// Readers of untrusted JSON: each returns the value with its type or throws naming the place.

export type Reader<T> = (value: unknown, where: string) => T;

function wrong(where: string, want: string): Error {
  return new Error(`${where} should be ${want}`);
}

/** A finite number in [min, max]. */
export function number(min = -Number.MAX_VALUE, max = Number.MAX_VALUE): Reader<number> {
  return (v, where) => {
    if (typeof v === 'number' && Number.isFinite(v) && v >= min && v <= max) return v;
    throw wrong(where, `a number in ${min}..${max}`);
  };
}

/** Text of at most `max` UTF-16 units. */
export function text(max: number): Reader<string> {
  return (v, where) => {
    if (typeof v === 'string' && v.length <= max) return v;
    throw wrong(where, `text of at most ${max} characters`);
  };
}

/** A list of at most `max` values. */
export function arrayOf<T>(read: Reader<T>, max: number): Reader<T[]> {
  return (v, where) => {
    if (Array.isArray(v) && v.length <= max) return v.map((x, i) => read(x, `${where}[${i}]`));
    throw wrong(where, `a list of at most ${max}`);
  };
}

/** A list of exactly these values. */
export function tuple<T extends readonly unknown[]>(
  ...readers: { readonly [K in keyof T]: Reader<T[K]> }
): Reader<T> {
  return (v, where) => {
    if (!Array.isArray(v) || v.length !== readers.length) throw wrong(where, `a list of ${readers.length}`);
    return v.map((x, i) => (readers[i] as Reader<unknown>)(x, `${where}[${i}]`)) as unknown as T;
  };
}
