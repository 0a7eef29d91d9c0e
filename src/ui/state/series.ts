/** Columns over training tokens, bounded: beyond MAX_POINTS every second point goes and the stride doubles. */
export interface Series<K extends string> {
  /** Of the events that come, every `stride`-th is kept. */
  readonly stride: number;
  /** Events seen so far. */
  readonly seen: number;
  readonly tokens: readonly number[];
  readonly columns: Readonly<Record<K, readonly number[]>>;
}
/** One point of a series. */
export interface Point<K extends string> {
  readonly tokens: number;
  readonly values: Readonly<Record<K, number>>;
}

/** 2,000 points are more than a chart has pixels; eight columns of them are 128 kB a run. */
export const MAX_POINTS = 2000;

export function emptySeries<K extends string>(keys: readonly K[]): Series<K> {
  const columns = Object.fromEntries(keys.map((k) => [k, []])) as unknown as Record<K, number[]>;
  return { stride: 1, seen: 0, tokens: [], columns };
}

/** The series with the points appended, thinned to at most `max` points. The first point always stays. */
export function appendPoints<K extends string>(
  series: Series<K>,
  points: readonly Point<K>[],
  max: number = MAX_POINTS,
): Series<K> {
  if (points.length === 0) return series;
  const keys = Object.keys(series.columns) as K[];
  let { stride, seen } = series;
  let tokens = [...series.tokens];
  const columns = Object.fromEntries(keys.map((k) => [k, [...series.columns[k]]])) as Record<K, number[]>;
  for (const p of points) {
    if (seen++ % stride !== 0) continue;
    tokens.push(p.tokens);
    for (const k of keys) columns[k].push(p.values[k]);
    if (tokens.length <= max) continue;
    stride *= 2;
    tokens = everySecond(tokens);
    for (const k of keys) columns[k] = everySecond(columns[k]);
  }
  return { stride, seen, tokens, columns };
}

function everySecond(values: readonly number[]): number[] {
  return values.filter((_, i) => i % 2 === 0);
}
