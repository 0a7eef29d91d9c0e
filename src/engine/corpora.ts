import type { TokenWindows } from '#analysis/windows.ts';
import { WorkbenchError } from '#base/errors.ts';
import { readText, readWhole } from '#io/sources.ts';
import { readIds, type TokenArray, tokenise, windowAt, windowStarts } from '#text/corpus.ts';
import { loadTokenizer } from '#text/tokenizer.ts';
import { type EmbeddedPack, openEmbedded } from './embedded.ts';
import type { Host } from './host.ts';
import type { LoadedModel } from './loaded_model.ts';

/** Windows of a corpus for one model; no window of `train` is in `heldOut`. */
export interface Corpus {
  readonly id: string;
  readonly train: TokenWindows;
  readonly heldOut: TokenWindows;
  readonly all: TokenWindows;
}

const CORPUS_FILE = 'corpus.bin';
/** Rows of this length at most: longer ones cost attention quadratically and add little to an SAE's data. */
const MAX_WINDOW = 256;
const HELD_OUT_SHARE = 0.1;

const cache = new WeakMap<LoadedModel, Promise<Corpus>>();

/**
 * The corpus of this version, 'embedded': the pack's ids, or its text in another model's tokens.
 *
 * @throws WorkbenchError('format') for another name, or a model without tokenizer.
 */
export function openCorpus(host: Host, model: LoadedModel, id = 'embedded'): Promise<Corpus> {
  if (id !== 'embedded')
    throw new WorkbenchError('format', `There is no corpus ${id.slice(0, 60)} on this device.`, {
      hint: "This version trains on the embedded text: leave the corpus out, or give 'embedded'.",
    });
  let opening = cache.get(model);
  if (!opening) {
    opening = readCorpus(host, model);
    cache.set(model, opening);
    opening.catch(() => cache.delete(model));
  }
  return opening;
}

async function readCorpus(host: Host, model: LoadedModel): Promise<Corpus> {
  const pack = model.pack ?? (await openEmbedded(host));
  const own = await packIds(pack);
  const ids = model.pack ? own : await retokenise(pack, own, model);
  const ctx = Math.min(model.config.n_ctx, MAX_WINDOW);
  const cut = { ctx, bosId: model.tokenizer.bosId ?? model.config.bosId };
  const starts = windowStarts(ids, cut);
  if (starts.length < 2)
    throw new WorkbenchError(
      'format',
      `The corpus holds ${ids.length} tokens, too few for two windows of ${ctx}.`,
    );
  const firstHeld = Math.min(starts.length - 1, Math.ceil(starts.length * (1 - HELD_OUT_SHARE)));
  const part = (from: number, to: number): TokenWindows => ({
    count: to - from,
    seq: ctx,
    read: (i) => windowAt(ids, starts[from + i] as number, cut),
  });
  return {
    id: 'embedded',
    train: part(0, firstHeld),
    heldOut: part(firstHeld, starts.length),
    all: part(0, starts.length),
  };
}

async function packIds(pack: EmbeddedPack): Promise<TokenArray> {
  const blob = await readWhole(pack.folder, CORPUS_FILE);
  if (!blob)
    throw new WorkbenchError('format', 'The embedded model brings no corpus.', {
      hint: 'The site was deployed without corpus.bin; ask its host.',
    });
  return readIds(new Uint8Array(await blob.arrayBuffer()), 'u16');
}

/** The embedded text, document by document, in the tokens of another model. */
async function retokenise(pack: EmbeddedPack, ids: TokenArray, model: LoadedModel): Promise<TokenArray> {
  if (!model.info.hasTokenizer)
    throw new WorkbenchError('format', 'This model has no tokenizer, so there is no text to train on.', {
      hint: 'Load the folder with its tokenizer.json.',
    });
  const tokenizer = loadTokenizer(JSON.parse((await readText(pack.folder, 'tokenizer.json')) ?? '{}'));
  function* documents(): Generator<string> {
    let document: number[] = [];
    for (const id of ids) {
      if (id !== tokenizer.bosId) document.push(id);
      else {
        if (document.length > 0) yield tokenizer.decode(document);
        document = [];
      }
    }
    if (document.length > 0) yield tokenizer.decode(document);
  }
  return tokenise(documents(), model.tokenizer, { bos: true });
}

/** Windows that hold about `tokens` tokens; at least one, at most all. */
export function windowsFor(windows: TokenWindows, tokens: number): number {
  return Math.max(1, Math.min(windows.count, Math.ceil(tokens / windows.seq)));
}
