// npm run build && node scripts/record_prompt.mjs [--dir dist]
// Runs the embedded model's own prompt in the built page, once for each embedded SAE, and writes
// public/embedded/recorded.json, which browsers without WebGPU show (decision 13). Run it after packing.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { chromium } from 'playwright';
import { chromiumPath, GPU_ARGS } from './chromium.mjs';

const PORT = 4187;
const OUT = 'public/embedded/recorded.json';
const at = process.argv.indexOf('--dir');
const dir = at < 0 ? 'dist' : process.argv[at + 1];
const server = spawn(process.execPath, ['scripts/serve.mjs', '--port', String(PORT), '--dir', dir], {
  stdio: 'inherit',
});
try {
  const executablePath = chromiumPath();
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : { channel: 'chromium' }),
    args: GPU_ARGS,
  });
  const page = await browser.newPage();
  await reached(`http://127.0.0.1:${PORT}/`);
  await page.goto(`http://127.0.0.1:${PORT}/#/v1/load`);
  const recording = await page.evaluate(record);
  await browser.close();
  const text = JSON.stringify(recording);
  writeFileSync(OUT, `${text}\n`);
  console.log(`record_prompt: ${Object.keys(recording.saes).length} SAEs, ${text.length} bytes in ${OUT}`);
} finally {
  server.kill();
}

/** Asks until the server answers, for at most 10 s. */
async function reached(url) {
  for (let i = 0; i < 100; i++) {
    if (await fetch(url).catch(() => undefined)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`record_prompt: no answer from ${url}. Next: npm run build.`);
}

/** Runs in the page, on the scripting API alone. */
async function record() {
  const round = (v, digits = 5) => Number(v.toPrecision(digits));
  const api = window.headlight;
  const { gpu } = await api.ready;
  if (!gpu) throw new Error('record_prompt: the page has no WebGPU');
  const model = await api.loadModel('embedded');
  const prompt = model.defaultPrompt;
  const { ids, logits } = await api.forward(prompt, { logits: true });
  const [seq, d_vocab] = logits.shape;
  const pieceOf = new Map();
  const rows = [];
  for (let t = 0; t < seq; t++) {
    const row = logits.data.subarray(t * d_vocab, (t + 1) * d_vocab);
    const max = row.reduce((a, b) => Math.max(a, b));
    const z = row.reduce((a, b) => a + Math.exp(b - max), 0);
    const logP = (id) => row[id] - max - Math.log(z);
    const entropy = -row.reduce((a, _, id) => a + Math.exp(logP(id)) * logP(id), 0);
    const top = [...row.keys()].sort((a, b) => row[b] - row[a] || a - b).slice(0, 10);
    rows.push({ logP, entropy, top: top.map((id) => [id, Math.exp(logP(id)), row[id]]) });
  }
  const named = [...new Set(rows.flatMap((r) => r.top.map(([id]) => id)))];
  const saes = {};
  for (const sae of (await api.saes()).filter((s) => s.source === 'embedded')) {
    // The pieces of ids come with an encoding; the context bounds how many go at once.
    for (let from = 0; from < named.length && pieceOf.size < named.length; from += model.config.n_ctx) {
      const some = named.slice(from, from + model.config.n_ctx);
      const { pieces } = await api.encode(some, { sae: sae.id });
      for (const [i, id] of some.entries()) pieceOf.set(id, pieces[i]);
    }
    const coded = await api.encode(prompt, { sae: sae.id });
    saes[sae.id] = {
      ids,
      pieces: coded.pieces,
      features: coded.tokens.map((t) => t.features.map((f) => [f.feature, round(f.act)])),
      nats: ids.map((id, t) => (t === 0 ? null : round(-rows[t - 1].logP(id)))),
      entropy: rows.map((r) => round(r.entropy)),
      next: rows.map((r) =>
        r.top.map(([id, p, logit]) => [id, pieceOf.get(id), round(p, 4), round(logit, 4)]),
      ),
    };
  }
  return { version: 1, prompt, saes };
}
