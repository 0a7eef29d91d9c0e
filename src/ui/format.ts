/** A run of a token's text: what to draw, and whether it stands for something invisible. */
export interface PiecePart {
  readonly text: string;
  readonly mark: boolean;
}

/** Characters that have no ink of their own, and what is drawn for them (house style 31). */
const MARKS: ReadonlyMap<string, string> = new Map([
  ['\n', '↵'],
  ['\r', '␍'],
  ['\t', '⇥'],
  ['\u00a0', '⍽'],
  ['\u200b', '⟨200b⟩'],
  ['\u200c', '⟨200c⟩'],
  ['\u200d', '⟨200d⟩'],
  ['\ufeff', '⟨feff⟩'],
  ['\u202a', '⟨202a⟩'],
  ['\u202b', '⟨202b⟩'],
  ['\u202d', '⟨202d⟩'],
  ['\u202e', '⟨202e⟩'],
  ['\u2066', '⟨2066⟩'],
  ['\u2067', '⟨2067⟩'],
  ['\u2068', '⟨2068⟩'],
  ['\u2069', '⟨2069⟩'],
]);

/**
 * The exact text of a token as parts to draw: every leading and trailing space as `·`, newline as `↵`, tab as `⇥`,
 * control and direction characters and lone surrogates as `⟨hex⟩`. Inner spaces of a piece stay spaces.
 */
export function pieceParts(piece: string): readonly PiecePart[] {
  if (piece === '') return [{ text: '∅', mark: true }];
  const lead = piece.length - piece.replace(/^ +/, '').length;
  const tail = lead === piece.length ? 0 : piece.length - piece.replace(/ +$/, '').length;
  const parts: { text: string; mark: boolean }[] = [];
  let at = 0;
  for (const ch of piece) {
    const atEdge = at < lead || at >= piece.length - tail;
    const mark = ch === ' ' && atEdge ? '·' : markOf(ch);
    const last = parts.at(-1);
    const isMark = mark !== undefined;
    if (last && last.mark === isMark) last.text += mark ?? ch;
    else parts.push({ text: mark ?? ch, mark: isMark });
    at += ch.length;
  }
  return parts;
}

/** The same as one string: ` the` gives `·the`. */
export const pieceText = (piece: string): string =>
  pieceParts(piece)
    .map((p) => p.text)
    .join('');

function markOf(ch: string): string | undefined {
  const named = MARKS.get(ch);
  if (named !== undefined) return named;
  const code = ch.codePointAt(0) ?? 0;
  const lone = code >= 0xd800 && code <= 0xdfff;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0) || lone) return `⟨${code.toString(16).padStart(2, '0')}⟩`;
  return undefined;
}

/** Words for a screen reader: spaces and newlines by name. */
export function pieceSpoken(piece: string): string {
  const spoken = piece.replace(/\n/g, ' newline ').replace(/\t/g, ' tab ').trim();
  if (spoken !== '') return spoken;
  return piece === '' ? 'empty token' : 'space';
}

/** Three significant digits, for acts in lists and cards: 0.0123, 4.57, 123. */
export function formatAct3(v: number): string {
  if (!Number.isFinite(v)) return 'N/A';
  if (v === 0) return '0';
  return (Math.abs(v) >= 100 ? v.toFixed(0) : v.toPrecision(3)).replace('-', '−');
}

/** Nats with two decimals; 'N/A' where there is none (the first token). */
export const formatNats = (v: number): string =>
  Number.isFinite(v) ? v.toFixed(v !== 0 && Math.abs(v) < 0.1 ? 4 : 2).replace('-', '−') : 'N/A';

/** Signed difference with two decimals: +0.31, −1.20. */
export function formatDelta(v: number): string {
  if (!Number.isFinite(v)) return 'N/A';
  const digits = v !== 0 && Math.abs(v) < 0.1 ? 4 : 2;
  return `${v < 0 ? '−' : '+'}${Math.abs(v).toFixed(digits)}`;
}

/** Probability: 12.3%, 0.04%, <0.01%. */
export function formatProbability(p: number): string {
  if (!Number.isFinite(p)) return 'N/A';
  if (p > 0 && p < 1e-4) return '<0.01%';
  return `${(p * 100).toFixed(p < 0.1 ? 2 : 1)}%`;
}

/** A hook and layer as the field says it: 'blocks.1.attn.hook_z' -> 1; undefined for other hooks. */
export function layerOf(hook: string): number | undefined {
  const m = /^blocks\.(\d+)\./.exec(hook);
  return m ? Number(m[1]) : undefined;
}
