// node scripts/run.mjs find_tour [--documents 300] [--tokens 60] [--most 8] [--driver lavapipe]
// node scripts/run.mjs find_tour --prompt 'some text' [--layer 1] [--top 4]
// Searches the pack in public/embedded for features that keep what a stop of the guided tour promises, for a person to
// pick from (src/ui/tour/stops.ts). The first form reads Storyland documents and ranks features stop by stop; the
// second prints what fires on each token of prompts, `||` between them; `\n` in a prompt is a line feed.
// --saes .cache/train_saes reads SAEs that are not packed yet.
import { group } from 'd3';
import { openNode } from '#gpu/open_node.ts';
import { openPack, type Pack, type PackSae } from './find_tour/pack.ts';
import { PROMISES } from './find_tour/promises.ts';
import { storylandReads, textRead } from './find_tour/reads.ts';
import { likeliest, type Sighting, sightings } from './find_tour/sightings.ts';

await main();

async function main(): Promise<void> {
  const driver = option('driver') as 'lavapipe' | 'swiftshader' | undefined;
  const gpu = await openNode(driver ? { driver } : {});
  const pack = await openPack(gpu, option('saes'));
  const prompt = option('prompt');
  for (const text of prompt?.split('||') ?? []) await printPrompt(pack, text.replaceAll('\\n', '\n'));
  if (prompt === undefined) await printStops(pack);
  gpu[Symbol.dispose]();
}

async function printPrompt(pack: Pack, prompt: string): Promise<void> {
  const read = textRead(pack, prompt);
  const layer = option('layer');
  const all = (await sightings(pack, read)).filter((s) => layer === undefined || s.layer === Number(layer));
  const densities = await densityOf(pack);
  const next = await likeliest(pack, read);
  for (let pos = 0; pos < read.ids.length; pos++) {
    console.log(`${pos} ${show(read.pieces[pos])}    (then ${next[pos]})`);
    for (const { layer: l } of pack.saes) {
      const here = all.filter((s) => s.pos === pos && s.layer === l).sort((a, b) => b.act - a.act);
      for (const s of here.slice(0, Number(option('top') ?? 4))) console.log(`    ${line(s, densities)}`);
    }
  }
}

async function printStops(pack: Pack): Promise<void> {
  const reads = storylandReads(pack, Number(option('documents') ?? 300), Number(option('tokens') ?? 60));
  const all: Sighting[] = [];
  for (const read of reads) all.push(...(await sightings(pack, read)));
  console.log(`${reads.length} documents, ${reads.reduce((n, r) => n + r.ids.length, 0)} tokens`);
  const byFeature = group(all, (s) => `${s.layer}/${s.feature}`);
  for (const promised of PROMISES) {
    console.log(`\n== ${promised.stop}: ${promised.what}`);
    const ranked = [...byFeature.values()]
      .map((list) => ({ list, kept: list.filter(promised.holds) }))
      .filter(({ kept }) => kept.length >= 4)
      .sort((a, b) => score(b) - score(a));
    for (const { list, kept } of ranked.slice(0, Number(option('most') ?? 8)))
      await printFeature(pack, list, kept);
  }
  await printHeads(pack, byFeature);
  await printDead(pack);
}

/** Purity first, weighed down while it rests on few firings. */
function score(f: { readonly list: readonly Sighting[]; readonly kept: readonly Sighting[] }): number {
  return f.kept.length / (f.list.length + 8);
}

async function printFeature(pack: Pack, list: readonly Sighting[], kept: readonly Sighting[]): Promise<void> {
  const [first] = list as readonly [Sighting, ...Sighting[]];
  const entry = pack.saes.find((x) => x.layer === first.layer) as PackSae;
  const record = await entry.index.feature(first.feature);
  const top = record.topLogits.slice(0, 6).map((t) => show(pack.tokenizer.piece(t.id)));
  console.log(
    `L${first.layer} f${first.feature} kept ${kept.length} of ${list.length}, density ${(100 * record.density).toFixed(3)} %, max ${record.maxAct.toFixed(2)}, promotes ${top.join(' ')}; ${bestFacts(list)}`,
  );
  for (const s of [...kept].sort((a, b) => b.act - a.act).slice(0, 3)) console.log(`    ${context(s)}`);
}

/** The facts that hold on most of the firings, as shares. */
function bestFacts(list: readonly Sighting[]): string {
  const counts = new Map<string, number>();
  for (const s of list)
    for (const fact of s.read.facts[s.pos] ?? []) counts.set(fact, (counts.get(fact) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 4)
    .map(([fact, n]) => `${fact} ${Math.round((100 * n) / list.length)} %`)
    .join(', ');
}

/** Heads by the features that they carry: a head with unlike features is polysemantic. */
async function printHeads(pack: Pack, byFeature: ReadonlyMap<string, readonly Sighting[]>): Promise<void> {
  console.log('\n== polysemantic head: features that one head carries');
  const carried = group(byFeature.values(), (list) => {
    const heads = group(list, (s) => s.head);
    const [head, own] = [...heads].sort((a, b) => b[1].length - a[1].length)[0] as [number, Sighting[]];
    const share = own.reduce((a, s) => a + s.headShare, 0) / list.length;
    return share > 0.6 && list.length >= 8 ? `${list[0]?.layer}.${head}` : '';
  });
  for (const [head, features] of [...carried].sort()) {
    if (head === '') continue;
    console.log(`-- head ${head}: ${features.length} features`);
    for (const list of features.sort((a, b) => b.length - a.length).slice(0, Number(option('most') ?? 8)))
      await printFeature(pack, list, list);
  }
}

async function printDead(pack: Pack): Promise<void> {
  console.log('\n== dead feature: the least dense of each layer');
  for (const { layer, index } of pack.saes) {
    const { density, nTokens } = await index.table();
    const order = [...density.keys()].sort((a, b) => (density[a] as number) - (density[b] as number));
    const shown = order.slice(0, 6).map((f) => `f${f} ${Math.round((density[f] as number) * nTokens)}`);
    console.log(
      `L${layer}: ${density.filter((d) => d === 0).length} dead of ${density.length}; firings of ${nTokens}: ${shown.join(', ')}`,
    );
  }
}

async function densityOf(pack: Pack): Promise<ReadonlyMap<number, Float32Array>> {
  return new Map(
    await Promise.all(pack.saes.map(async (x) => [x.layer, (await x.index.table()).density] as const)),
  );
}

function line(s: Sighting, density: ReadonlyMap<number, Float32Array>): string {
  const d = 100 * (density.get(s.layer)?.[s.feature] ?? Number.NaN);
  return `L${s.layer} f${s.feature} act ${s.act.toFixed(2)} density ${d.toFixed(2)} % source ${place(s, s.source)} ${pct(s.sourceShare)}, head ${s.layer}.${s.head} ${pct(s.headShare)} from ${place(s, s.headSource)}`;
}

/** The tokens around a firing, the firing one in brackets, its source in braces. */
function context(s: Sighting): string {
  const from = Math.max(0, Math.min(s.source, s.headSource, s.pos - 14) - 2);
  const text = s.read.pieces
    .slice(from, s.pos + 3)
    .map((p, i) => (i + from === s.pos ? `[${p}]` : i + from === s.headSource ? `{${p}}` : p))
    .join('');
  return `act ${s.act.toFixed(2)} head ${s.layer}.${s.head} ${pct(s.headShare)}: ${JSON.stringify(text)}`;
}

function pct(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function show(piece: string | undefined): string {
  return (piece ?? '').replace(/^ /, '·').replaceAll('\n', '↵');
}

function place(s: Sighting, at: number): string {
  return `${at} ${show(s.read.pieces[at])}`;
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}
