// node scripts/run.mjs read_features [--documents 900] [--layer 1] [--features 3,17] [--driver lavapipe]
// Prints features for a person to read and name (docs/features.md): twenty of each layer, drawn at random among those that
// fire, or the ones that are named; each with its strongest firings on fresh Storyland, some from the middle of its range,
// the source token and head of their attribution, and the tokens it promotes.
import { group } from 'd3';
import { makeRng } from '#base/rng.ts';
import { openNode } from '#gpu/open_node.ts';
import { openPack, type Pack, type PackSae } from './find_tour/pack.ts';
import { storylandReads } from './find_tour/reads.ts';
import { type Sighting, sightings } from './find_tour/sightings.ts';

const DRAWN = 20;
const TOP = 7;
const MIDDLE = 4;

await main();

async function main(): Promise<void> {
  const driver = option('driver') as 'lavapipe' | 'swiftshader' | undefined;
  const gpu = await openNode(driver ? { driver } : {});
  const pack = await openPack(gpu);
  const chosen = new Map<string, PackSae>();
  for (const entry of pack.saes) {
    if (option('layer') !== undefined && entry.layer !== Number(option('layer'))) continue;
    for (const f of await chosenOf(entry)) chosen.set(`${entry.layer}/${f}`, entry);
  }
  const seen: Sighting[] = [];
  for (const read of storylandReads(pack, Number(option('documents') ?? 900), 100))
    seen.push(...(await sightings(pack, read)).filter((s) => chosen.has(`${s.layer}/${s.feature}`)));
  const byFeature = group(seen, (s) => `${s.layer}/${s.feature}`);
  for (const [key, entry] of chosen) await print(pack, entry, key, byFeature.get(key) ?? []);
  gpu[Symbol.dispose]();
}

/** The named features, or a draw without repetition among those that fire on the index. */
async function chosenOf({ layer, index }: PackSae): Promise<readonly number[]> {
  const named = option('features');
  if (named !== undefined) return named.split(',').map(Number);
  const { density } = await index.table();
  const rng = makeRng(`read features/${layer}`);
  const out = new Set<number>();
  while (out.size < DRAWN) {
    const f = rng.int(density.length);
    if ((density[f] as number) > 0) out.add(f);
  }
  return [...out].sort((a, b) => a - b);
}

async function print(pack: Pack, { index }: PackSae, key: string, list: readonly Sighting[]): Promise<void> {
  const record = await index.feature(Number(key.split('/')[1]));
  const promoted = record.topLogits.slice(0, 7).map((t) => show(pack.tokenizer.piece(t.id)));
  const share = (of: (s: Sighting) => number): string => {
    const [head, own] = [...group(list, of)].sort((a, b) => b[1].length - a[1].length)[0] ?? [0, []];
    return `${head} ${Math.round((100 * own.length) / Math.max(1, list.length))} %`;
  };
  console.log(
    `\n## ${key} density ${(100 * record.density).toFixed(2)} %, max ${record.maxAct.toFixed(1)}, ${list.length} firings, head ${share((s) => s.head)}, distance ${share((s) => s.pos - s.source)}, promotes ${promoted.join(' ')}`,
  );
  const order = [...list].sort((a, b) => b.act - a.act);
  for (const s of order.slice(0, TOP)) console.log(`  ${s.act.toFixed(1)} ${context(s)}`);
  const middle = Math.floor(order.length / 2);
  for (const s of order.slice(Math.max(TOP, middle), Math.max(TOP, middle) + MIDDLE))
    console.log(`  middle ${s.act.toFixed(1)} ${context(s)}`);
}

/** The tokens around a firing, the firing one in brackets, its strongest source in braces. */
function context({ read, pos, source, head, layer, sourceShare }: Sighting): string {
  const around = (i: number): boolean => Math.abs(i - pos) <= 8 || Math.abs(i - source) <= 2;
  const text = read.pieces.map((piece, i) => {
    if (!around(i)) return around(i - 1) ? ' …' : '';
    const mark = i === pos ? `[${piece}]` : piece;
    return i === source ? `{${mark}}` : mark;
  });
  return `${JSON.stringify(text.join(''))} ${layer}.${head} ${Math.round(100 * sourceShare)} % (${read.kind})`;
}

function show(piece: string): string {
  return JSON.stringify(piece).slice(1, -1).replaceAll(' ', '·');
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}
