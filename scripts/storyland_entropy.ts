// node scripts/run.mjs storyland_entropy: bounds of the loss that any model can reach on Storyland, by kind, from the
// draws that wrote the text. Writes scripts/train_model/entropy.json. Tokens are those of the current pack.
import { readFileSync, writeFileSync } from 'node:fs';
import { BASE_MIX, type Storyland, storyland } from '#text/storyland/storyland.ts';
import { loadTokenizer } from '#text/tokenizer.ts';

const DOCUMENTS = 4000;
const OUT = 'scripts/train_model/entropy.json';

main();

function main(): void {
  const { pack } = JSON.parse(readFileSync('public/embedded/current.json', 'utf8')) as { pack: string };
  const tokenizer = loadTokenizer(
    JSON.parse(readFileSync(`public/embedded/${pack}/tokenizer.json`, 'utf8')) as unknown,
  );
  const count = (text: string): number => tokenizer.encode(text).length;
  const kinds = Object.fromEntries(
    Object.keys(BASE_MIX).map((kind) => [kind, bounds(storyland(`entropy/${kind}`), count, kind)]),
  );
  const base = bounds(storyland('entropy/base'), count);
  const unit = 'nats a token, BOS left out';
  writeFileSync(
    OUT,
    `${JSON.stringify({ unit, documents: DOCUMENTS, vocabulary: tokenizer.vocabSize, base, kinds }, undefined, 1)}\n`,
  );
  console.table({ base, ...kinds });
}

/** H(X | Z) is below any loss on these documents; H(X, Z) is at most `joint`. */
function bounds(
  land: Storyland,
  count: (text: string) => number,
  kind?: string,
): { tokens: number; surface: number; joint: number } {
  let tokens = 0;
  let surface = 0;
  let joint = 0;
  for (let i = 0; i < DOCUMENTS; i++) {
    const doc = land.document(kind);
    tokens += count(doc.text);
    surface += doc.entropy.surface;
    joint += doc.entropy.joint;
  }
  const per = (nats: number): number => Math.round((1e4 * nats) / tokens) / 1e4;
  return { tokens: Math.round((100 * tokens) / DOCUMENTS) / 100, surface: per(surface), joint: per(joint) };
}
