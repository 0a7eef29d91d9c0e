// How each field of a view is written into a link and read back. A reader returns undefined for anything it dislikes.

/** One field of a link: its short key, its reader and writer, and the value that need not be written. */
export interface Field<T> {
  readonly key: string;
  /** What a good value looks like, for the error sentence. */
  readonly want: string;
  readonly fallback?: T;
  write(value: T): string;
  read(text: string): T | undefined;
}

type Described = readonly [key: string, want: string];

/** Any text of at most `max` UTF-16 units; '' is a value. Lone surrogates become U+FFFD, as links are UTF-8. */
export function textField(key: string, max: number): Field<string> {
  return {
    key,
    want: `at most ${max} characters`,
    write: wellFormed,
    read: (t) => (t.length <= max ? t : undefined),
  };
}

const wellFormed = (text: string): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));

/** Text that matches a pattern as a whole. */
export function patternField([key, want]: Described, pattern: RegExp, fallback?: string): Field<string> {
  const field: Field<string> = { key, want, write: (v) => v, read: (t) => (pattern.test(t) ? t : undefined) };
  return fallback === undefined ? field : { ...field, fallback };
}

/** An integer in 0..max. */
export function countField(key: string, max = 2 ** 31): Field<number> {
  return {
    key,
    want: `a whole number from 0 to ${max}`,
    write: String,
    read: (t) => (/^\d{1,10}$/.test(t) && Number(t) <= max ? Number(t) : undefined),
  };
}

/** A number in [min, max]; the shortest text that reads back as the same double. */
export function realField(
  key: string,
  range: { min: number; max: number; fallback?: number },
): Field<number> {
  const field: Field<number> = {
    key,
    want: `a number from ${range.min} to ${range.max}`,
    write: String,
    read(t) {
      const value = /^-?\d*\.?\d+(e-?\d{1,3})?$/.test(t) && t.length <= 32 ? Number(t) : Number.NaN;
      return value >= range.min && value <= range.max ? value : undefined;
    },
  };
  return range.fallback === undefined ? field : { ...field, fallback: range.fallback };
}

/** One of a few words (or small numbers). */
export function choiceField<const T extends string | number>(
  key: string,
  choices: readonly T[],
  fallback?: T,
): Field<T> {
  const field: Field<T> = {
    key,
    want: choices.join(' or '),
    write: String,
    read: (t) => choices.find((c) => String(c) === t),
  };
  return fallback === undefined ? field : { ...field, fallback };
}

/** 'hf:owner/name[@rev]' or an https URL without user or password. */
export function sourceField(key: string): Field<string> {
  return {
    key,
    want: 'hf:owner/name[@rev] or an https address',
    write: (v) => v,
    read: (t) => (isSource(t) ? t : undefined),
  };
}

/** True for a source that a link may name; nothing is fetched from it without a click (decision 29). */
export function isSource(text: string): boolean {
  if (text.length > 2048) return false;
  if (/^hf:[\w.-]{1,96}\/[\w.-]{1,96}(@[\w./-]{1,96})?$/.test(text)) return true;
  try {
    const url = new URL(text);
    return url.protocol === 'https:' && url.username === '' && url.password === '';
  } catch {
    return false;
  }
}
