// npm run train:model [-- --init-only]: writes the data of the embedded model into .cache/train_model, then trains it
// with scripts/train_model/train.py (PyTorch), which ends in scripts/train_model/abilities.json and a checkpoint.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { initWeights } from '#model/init.ts';
import { BATCH_TOKENS } from '#text/storyland/curriculum.ts';
import { meanTokens, type StreamSource, streamSource } from '#text/storyland/curriculum_rows.ts';
import { BASE_MIX, storyland } from '#text/storyland/storyland.ts';
import { loadTokenizer } from '#text/tokenizer.ts';
import { buildTokenizer } from './train_model/build_tokenizer.ts';
import { EVALUATION_SEEDS, makeProbeSet } from './train_model/probe_set.ts';
import { toSafetensors } from './train_model/safetensors.ts';
import { makeStream } from './train_model/stream.ts';

const OUT = '.cache/train_model';
const SEED = 'headlight/1';
const CTX = 128;
const CORPUS_TOKENS = 300_000;

main();

function main(): void {
  mkdirSync(OUT, { recursive: true });
  const tokenizer = buildTokenizer();
  const source = streamSource(SEED, loadTokenizer(tokenizer));
  save('tokenizer.json', JSON.stringify(tokenizer));
  const stream = makeStream(source);
  save('tokens.u16', bytesOf(stream.tokens));
  save('weights.u8', stream.weights);
  const sizes = { n_layer: 3, n_embd: 128, n_head: 4, n_positions: CTX, vocab_size: source.vocabSize };
  save('init.safetensors', toSafetensors(initWeights(SEED, sizes)));
  const sets = EVALUATION_SEEDS.map((seed) => [seed, makeProbeSet(source, CTX, seed)]);
  save('probes.json', JSON.stringify(Object.fromEntries(sets)));
  save('corpus.u16', bytesOf(corpusOf(source)));
  save(
    'plan.json',
    JSON.stringify({
      seed: SEED,
      sizes,
      batchTokens: BATCH_TOKENS,
      rows: stream.rows,
      finish: stream.finish,
      mean: meanTokens(source),
    }),
  );
  console.log(
    `train_model: vocabulary ${source.vocabSize}, ${stream.rows.length} batches, ${stream.tokens.length} tokens in ${OUT}`,
  );
  if (process.argv.includes('--init-only')) return;
  process.exitCode = spawnSync('python3', ['scripts/train_model/train.py'], { stdio: 'inherit' }).status ?? 1;
}

/** Held-out documents of the base mix, each after a BOS. */
function corpusOf(source: StreamSource): Uint16Array {
  const land = storyland(`${SEED}/corpus`, BASE_MIX);
  const ids: number[] = [];
  while (ids.length < CORPUS_TOKENS) ids.push(source.bos, ...source.encode(land.document().text));
  return Uint16Array.from(ids);
}

function bytesOf(values: Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function save(name: string, data: string | Uint8Array): void {
  writeFileSync(`${OUT}/${name}`, data);
  const hash = createHash('sha256').update(data).digest('hex').slice(0, 16);
  console.log(`${name.padEnd(18)} ${String(data.length).padStart(9)} bytes  ${hash}`);
}
