import { WorkbenchError } from '#base/errors.ts';
import { deflateText, inflateText } from './deflate.ts';
import { arrayOf, number, type Reader, text, tuple } from './shape.ts';

/** What a card says about the SAE that its receiver lacks. */
export interface CardSae {
  readonly id: string;
  readonly title: string;
  readonly model: string;
  readonly site: string;
  readonly d_sae: number;
}
export interface CardExample {
  readonly pieces: readonly string[];
  /** One act a token; stored at 1/255 of the card's maxAct. */
  readonly acts: readonly number[];
  /** Index of the token that the example was chosen for. */
  readonly at: number;
}
export interface CardLogit {
  readonly piece: string;
  readonly effect: number;
}
/** The feature of someone else's SAE, read-only: at most six examples of 24 tokens. */
export interface FeatureCard {
  readonly kind: 'feature';
  readonly sae: CardSae;
  readonly feature: number;
  readonly density: number;
  readonly maxAct: number;
  readonly nTokens: number;
  readonly examples: readonly CardExample[];
  readonly topLogits: readonly CardLogit[];
  readonly bottomLogits: readonly CardLogit[];
  readonly headShare: readonly number[];
}
/** A prompt with the top features of each token, read-only. */
export interface PromptCard {
  readonly kind: 'prompt';
  readonly sae: CardSae;
  readonly pieces: readonly string[];
  /** One list per token, largest act first, at most four. */
  readonly tokens: readonly (readonly { readonly feature: number; readonly act: number }[])[];
}
export type Card = FeatureCard | PromptCard;
export type UnpackedCard =
  | { readonly ok: true; readonly card: Card }
  | { readonly ok: false; readonly error: WorkbenchError };

/** Most that a card may inflate to (decision 29). */
export const MAX_CARD_BYTES = 256 * 1024;
const MAX_PACKED_CHARS = 131_072;
const MAX_EXAMPLES = 6;
const MAX_EXAMPLE_TOKENS = 24;
const MAX_PROMPT_TOKENS = 1024;
const MAX_TOKEN_FEATURES = 4;
const MAX_LOGITS = 10;
const VERSION = 1;

const short = (x: number): number => Number(x.toPrecision(4));
const saeTuple = (s: CardSae): readonly unknown[] => [s.id, s.title.slice(0, 120), s.model, s.site, s.d_sae];

/** 24 tokens around the chosen one, acts as bytes relative to maxAct. */
function exampleTuple(e: CardExample, maxAct: number): readonly unknown[] {
  const from = Math.max(0, Math.min(e.at - 16, e.pieces.length - MAX_EXAMPLE_TOKENS));
  const acts = e.acts.slice(from, from + MAX_EXAMPLE_TOKENS);
  const bytes = acts.map((a) => Math.round((255 * Math.min(Math.max(a, 0), maxAct)) / (maxAct || 1)));
  return [e.pieces.slice(from, from + MAX_EXAMPLE_TOKENS), bytes, e.at - from];
}

const logitTuples = (list: readonly CardLogit[]): readonly unknown[] =>
  list.slice(0, MAX_LOGITS).map((l) => [l.piece, short(l.effect)]);

function toPlain(card: Card): readonly unknown[] {
  if (card.kind === 'prompt') {
    const tokens = card.tokens
      .slice(0, MAX_PROMPT_TOKENS)
      .map((list) => list.slice(0, MAX_TOKEN_FEATURES).map((f) => [f.feature, short(f.act)]));
    return [VERSION, 'p', saeTuple(card.sae), card.pieces.slice(0, MAX_PROMPT_TOKENS), tokens];
  }
  const numbers = [card.feature, short(card.density), short(card.maxAct), card.nTokens];
  const examples = card.examples.slice(0, MAX_EXAMPLES).map((e) => exampleTuple(e, card.maxAct));
  const logits = [logitTuples(card.topLogits), logitTuples(card.bottomLogits)];
  return [
    VERSION,
    'f',
    saeTuple(card.sae),
    numbers,
    examples,
    ...logits,
    card.headShare.slice(0, 256).map(short),
  ];
}

/** Card to text for `ViewRef.card`: compact JSON, deflate-raw, base64url. About 1 kB for a feature. */
export async function packCard(card: Card): Promise<string> {
  return deflateText(JSON.stringify(toPlain(card)));
}

const count = number(0, 2 ** 53);
const id = text(64);
const piece = text(200);
const readSae = tuple(id, text(200), id, text(100), count);
const readLogits = arrayOf(tuple(piece, number()), MAX_LOGITS);
const readExample = tuple(
  arrayOf(piece, MAX_EXAMPLE_TOKENS),
  arrayOf(number(0, 255), MAX_EXAMPLE_TOKENS),
  count,
);
const readFeature = tuple(
  number(),
  text(1),
  readSae,
  tuple(count, number(0, 1), number(0, 1e9), count),
  arrayOf(readExample, MAX_EXAMPLES),
  readLogits,
  readLogits,
  arrayOf(number(0, 1), 256),
);
const readPrompt = tuple(
  number(),
  text(1),
  readSae,
  arrayOf(piece, MAX_PROMPT_TOKENS),
  arrayOf(arrayOf(tuple(count, number(0, 1e9)), MAX_TOKEN_FEATURES), MAX_PROMPT_TOKENS),
);

function saeOf([saeId, title, model, site, d_sae]: ReturnType<typeof readSae>): CardSae {
  return { id: saeId, title, model, site, d_sae };
}

function featureCard(plain: unknown): FeatureCard {
  const [, , sae, numbers, examples, top, bottom, headShare] = readFeature(plain, 'card');
  const [feature, density, maxAct, nTokens] = numbers;
  const logits = (list: ReturnType<typeof readLogits>): CardLogit[] =>
    list.map(([p, effect]) => ({ piece: p, effect }));
  return {
    kind: 'feature',
    sae: saeOf(sae),
    feature,
    density,
    maxAct,
    nTokens,
    examples: examples.map(([pieces, bytes, at]) => {
      if (pieces.length !== bytes.length || at >= pieces.length)
        throw new Error('example of unequal lengths');
      return { pieces, acts: bytes.map((b) => (b * maxAct) / 255), at };
    }),
    topLogits: logits(top),
    bottomLogits: logits(bottom),
    headShare,
  };
}

function promptCard(plain: unknown): PromptCard {
  const [, , sae, pieces, tokens] = readPrompt(plain, 'card');
  if (pieces.length !== tokens.length) throw new Error('tokens and pieces of unequal lengths');
  const lists = tokens.map((list) => list.map(([feature, act]) => ({ feature, act })));
  return { kind: 'prompt', sae: saeOf(sae), pieces, tokens: lists };
}

const READERS = new Map<unknown, Reader<Card>>([
  ['f', featureCard],
  ['p', promptCard],
]);

/** Text to card. Inflates to at most 256 kB, checks every field; a bad card is a value with one sentence, never a throw. */
export async function unpackCard(packed: string): Promise<UnpackedCard> {
  const refuse = (message: string): UnpackedCard => ({
    ok: false,
    error: new WorkbenchError('share-link', message, { hint: 'Ask the sender for the link again.' }),
  });
  if (packed.length > MAX_PACKED_CHARS) return refuse('The card in this link is too large.');
  const inflated = await inflateText(packed, MAX_CARD_BYTES);
  if (inflated === 'too-large')
    return refuse('The card in this link inflates to more than 256 kB, so it was not opened.');
  if (inflated === 'damaged') return refuse('The card in this link is damaged or cut off.');
  try {
    const plain: unknown = JSON.parse(inflated.text);
    if (Array.isArray(plain) && Number(plain[0]) > VERSION)
      return refuse('The card in this link was made by a newer Headlight.');
    const read = Array.isArray(plain) ? READERS.get(plain[1]) : undefined;
    if (read) return { ok: true, card: read(plain, 'card') };
  } catch {
    // A value of the wrong shape: the same sentence as for no card at all.
  }
  return refuse('The card in this link is damaged: its contents are not a feature or prompt card.');
}
