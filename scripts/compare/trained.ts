import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSaeLens, writeSaeLens } from '#sae/formats/saelens.ts';
import type { SaeMeta, SaeWeights } from '#sae/weights.ts';
import { type Cell, folderOf, nameOf, type Row, type Settings } from './rows.ts';

/** A trained cell: its SAE, and what the training alone knows. */
export interface Trained {
  readonly weights: SaeWeights;
  readonly note: Pick<Row, 'config' | 'end' | 'steps' | 'stepsPerSecond' | 'adapter'>;
}

const NOTE = 'trained.json';
const placeOf = (s: Settings, c: Cell): string => join(folderOf(s), `${nameOf(c)}.sae`);

/** Keeps a cell as a SAELens folder with a note, whole or not at all. */
export function writeTrained(s: Settings, c: Cell, { weights, note }: Trained, meta: SaeMeta): void {
  const place = placeOf(s, c);
  const part = `${place}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  const files = writeSaeLens(weights, meta, { modelName: meta.model });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(part, name), bytes);
  writeFileSync(join(part, NOTE), JSON.stringify(note));
  renameSync(part, place);
}

export async function readTrained(s: Settings, c: Cell): Promise<Trained | undefined> {
  const place = placeOf(s, c);
  if (!existsSync(place)) return undefined;
  const names = readdirSync(place).filter((name) => name !== NOTE);
  const files = names.map((name) => [name, new Uint8Array(readFileSync(join(place, name)))] as const);
  const { weights } = await readSaeLens(Object.fromEntries(files));
  return { weights, note: JSON.parse(readFileSync(join(place, NOTE), 'utf8')) as Trained['note'] };
}
