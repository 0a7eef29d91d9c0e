// node scripts/run.mjs sample_model [swiftshader|lavapipe]
// Writes docs/samples.md: 50 documents of the shipped model, each drawn from nothing but BOS at temperature 0.8 with a
// seed of its own by our engine in Node, up to the next BOS or the end of the context. None is left out or edited.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import { openNode } from '#gpu/open_node.ts';
import { droppedFiles } from '#io/sources.ts';
import { generate } from '#model/generate.ts';
import { loadModel } from '#model/load.ts';
import type { LanguageModel } from '#model/model.ts';
import { loadTokenizer, type Tokenizer } from '#text/tokenizer.ts';

const OUT = 'docs/samples.md';
const COUNT = 50;
const TEMPERATURE = 0.8;

await main();

async function main(): Promise<void> {
  const driver = process.argv[2];
  if (driver !== undefined && driver !== 'swiftshader' && driver !== 'lavapipe')
    throw new Error(`sample_model: no driver '${driver}'. Next: name swiftshader or lavapipe, or none.`);
  using gpu = await openNode(driver ? { driver } : {});
  const { pack } = JSON.parse(readFileSync('public/embedded/current.json', 'utf8')) as { pack: string };
  const dir = join('public/embedded', pack);
  const files = readdirSync(dir).filter((name) => /\.(json|safetensors)$/.test(name));
  using model = await loadModel(
    gpu,
    droppedFiles(files.map((name) => ({ name, blob: new Blob([readFileSync(join(dir, name))]) }))),
  );
  const tokenizer = loadTokenizer(JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')));
  const parts: string[] = [headOf(model.id)];
  for (let i = 1; i <= COUNT; i++) {
    const text = await sample(gpu, model, tokenizer, `samples/${i}`);
    console.log(`--- ${i}\n${text}`);
    parts.push(`## ${i}\n\n\`\`\`text\n${text}\n\`\`\`\n`);
  }
  writeFileSync(OUT, parts.join('\n'));
}

function headOf(model: string): string {
  return `# Fifty samples

What the embedded model ${model} writes when it is given nothing but BOS, at temperature ${TEMPERATURE}: sample \`n\` is
drawn with \`makeRng('samples/n')\` and ends where the model begins another document or the context is full (marked …).
None is left out or edited. Made by \`node scripts/run.mjs sample_model\`.
`;
}

async function sample(gpu: Gpu, model: LanguageModel, tokenizer: Tokenizer, seed: string): Promise<string> {
  const bos = tokenizer.bosId as number;
  const rng = makeRng(seed);
  const ids: number[] = [];
  let ended = false;
  for await (const id of generate(gpu, model, {
    ids: [bos],
    tokens: model.config.n_ctx,
    temperature: TEMPERATURE,
    rng,
  })) {
    ended = id === bos;
    if (ended) break;
    ids.push(id);
  }
  return tokenizer.decode(ids) + (ended ? '' : ' …');
}
