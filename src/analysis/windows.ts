import { WorkbenchError } from '#base/errors.ts';

/** Token windows of one length, read by number. In memory or from disk. */
export interface TokenWindows {
  readonly count: number;
  /** Tokens of each window, BOS counted. */
  readonly seq: number;
  /** The ids of a window, `seq` of them. */
  read(index: number): Uint32Array | Promise<Uint32Array>;
}

/**
 * Windows over ids laid one after the other, `seq` a window; a shorter rest is left out.
 * @throws WorkbenchError('shape') when there is not one whole window.
 */
export function windowsOf(ids: Uint32Array | Uint16Array, seq: number): TokenWindows {
  const count = Math.floor(ids.length / seq);
  if (count < 1)
    throw new WorkbenchError('shape', `windowsOf: ${ids.length} tokens hold no window of ${seq}`);
  return { count, seq, read: (i) => Uint32Array.from(ids.subarray(i * seq, (i + 1) * seq)) };
}

/** Windows given one by one, all of one length. */
export function windowList(list: readonly Uint32Array[]): TokenWindows {
  const seq = list[0]?.length ?? 0;
  if (seq === 0 || list.some((w) => w.length !== seq))
    throw new WorkbenchError('shape', 'windowList: windows are missing or differ in length');
  return { count: list.length, seq, read: (i) => list[i] as Uint32Array };
}

/** Ids of windows `indexes` side by side, [indexes.length, seq] row-major. */
export async function readWindows(
  windows: TokenWindows,
  indexes: readonly number[],
): Promise<Uint32Array<ArrayBuffer>> {
  const out = new Uint32Array(indexes.length * windows.seq);
  for (const [i, index] of indexes.entries()) out.set(await windows.read(index), i * windows.seq);
  return out;
}
