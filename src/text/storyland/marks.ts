/** A stretch of text of which a variable of the generator is known, by UTF-8 byte offsets. */
export interface Span {
  readonly variable: string;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Stands in a writer's text before the space of an answer; documents come without it. */
export const ANSWER_MARK = '\ue001';
const OPEN = '\ue002';
const SAYS = '\ue003';
const CLOSE = '\ue004';

/** Marked text: what `readMarks` takes apart. */
export interface Unmarked {
  readonly text: string;
  readonly spans: readonly Span[];
  /** Where answers begin, UTF-16 offsets. */
  readonly answers: readonly number[];
}

/** The text with a note that `variable` has this value throughout it. Marks nest. */
export function mark(variable: string, value: string, text: string): string {
  return `${OPEN}${variable}=${plain(value)}${SAYS}${text}${CLOSE}`;
}

/** The text without marks. */
export function plain(marked: string): string {
  return marked.replace(/\ue002[^\ue003]*\ue003|[\ue001\ue004]/g, '');
}

/** Splits leading marks from the rest, so that a first letter can be looked at. */
export function behindMarks(marked: string): readonly [marks: string, rest: string] {
  const marks = /^(?:\ue002[^\ue003]*\ue003|\ue001)*/.exec(marked)?.[0] ?? '';
  return [marks, marked.slice(marks.length)];
}

/** The text, its spans in order of their start, and its answers. A span inside an equal one is dropped. */
export function readMarks(marked: string): Unmarked {
  const bytes = new TextEncoder();
  const open: { readonly head: string; readonly start: number }[] = [];
  const spans: Span[] = [];
  const answers: number[] = [];
  let text = '';
  let at = 0;
  for (const part of marked.match(/\ue002[^\ue003]*\ue003|[\ue001\ue004]|[^\ue001\ue002\ue004]+/g) ?? []) {
    if (part === ANSWER_MARK) answers.push(text.length);
    else if (part === CLOSE) spans.push(spanOf(open.pop(), at));
    else if (part.startsWith(OPEN)) open.push({ head: part.slice(1, -1), start: at });
    else {
      text += part;
      at += bytes.encode(part).length;
    }
  }
  if (open.length > 0) throw new Error(`storyland: the mark ${open[0]?.head} is not closed`);
  return { text, spans: distinct(spans), answers };
}

function spanOf(open: { readonly head: string; readonly start: number } | undefined, end: number): Span {
  if (!open) throw new Error('storyland: a mark is closed that was not opened');
  const [variable = '', value = ''] = open.head.split('=');
  return { variable, value, start: open.start, end };
}

function distinct(spans: readonly Span[]): Span[] {
  const seen = new Map(spans.map((s) => [`${s.variable}=${s.value}/${s.start}/${s.end}`, s]));
  return [...seen.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}
