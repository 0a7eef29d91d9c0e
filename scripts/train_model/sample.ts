// node scripts/run.mjs train_model/sample [kind]: prints a few documents of each kind, to read what the model reads.
import { KINDS, storyland } from '#text/storyland/storyland.ts';

const land = storyland('sample');
const wanted = process.argv[2];
for (const kind of KINDS) {
  if (wanted && wanted !== kind) continue;
  for (let i = 0; i < 4; i++) console.log(`--- ${kind}\n${land.document(kind).text}`);
}
