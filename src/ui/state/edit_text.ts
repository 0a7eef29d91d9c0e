import type { Edit } from '#engine/protocol/prompts.ts';

export type EditOp = Edit['op'];
/** The edit of the steer panel as the link writes it: 'scale:0', 'clamp:4', 'add:2', 'ablate'. */
export interface ParsedEdit {
  readonly op: EditOp;
  /** Undefined for 'ablate' only. */
  readonly value: number | undefined;
}

/** Text to edit; undefined for text that no steer panel writes. */
export function parseEdit(text: string | undefined): ParsedEdit | undefined {
  if (text === 'ablate') return { op: 'ablate', value: undefined };
  const m = /^(scale|clamp|add):(-?[\d.]+(?:e-?\d+)?)$/.exec(text ?? '');
  const value = Number(m?.[2]);
  if (!m || !Number.isFinite(value)) return undefined;
  return { op: m[1] as EditOp, value };
}

/** Edit to text, at most four significant digits. */
export function editText({ op, value }: ParsedEdit): string {
  if (op === 'ablate') return 'ablate';
  return `${op}:${Number((value ?? 0).toPrecision(4))}`;
}

/** '3,7' to [3, 7], sorted, without repeats; undefined for 'all' or nothing, which means every position. */
export function parsePositions(text: string | undefined): readonly number[] | undefined {
  if (text === undefined || text === 'all') return undefined;
  const list = text.split(',').map(Number).filter(Number.isInteger);
  return [...new Set(list)].sort((a, b) => a - b);
}

/** Positions with `pos` added, or taken away if it was there; undefined when none is left. */
export function togglePosition(text: string | undefined, pos: number): string | undefined {
  const list = parsePositions(text) ?? [];
  const next = list.includes(pos) ? list.filter((p) => p !== pos) : [...list, pos].sort((a, b) => a - b);
  return next.length === 0 ? undefined : next.join(',');
}
