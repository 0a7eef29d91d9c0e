import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { WorkbenchError } from '#base/errors.ts';
import { bytesOfToken, showBytes } from './byte_level.ts';

/** Text to token ids and back. No BOS is added anywhere: callers put `bosId` in front where they want it. */
export interface Tokenizer {
  readonly vocabSize: number;
  readonly bosId: number | undefined;
  encode(text: string): number[];
  /** The text of the ids; bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string;
  /** What one token shows: its exact characters, undecodable bytes as ⟨e2⟩. The caller draws spaces and newlines. */
  piece(id: number): string;
  /** The id of a token that reads exactly `text` (with its leading space), if there is one. */
  findToken(text: string): number | undefined;
}

interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly unknown[] };
  readonly added_tokens?: readonly {
    readonly id: number;
    readonly content: string;
    readonly special: boolean;
  }[];
  readonly decoder?: {
    readonly type?: string;
    readonly decoders?: readonly { readonly type?: string }[];
  } | null;
}

/**
 * A tokenizer from a parsed tokenizer.json and, if there is one, tokenizer_config.json.
 *
 * @throws WorkbenchError('format') when it is not a tokenizer.json that the library reads.
 */
export function loadTokenizer(json: unknown, config: unknown = {}): Tokenizer {
  const file = checkJson(json);
  const library = open(file, config);
  const entries = Object.entries(file.model.vocab);
  const added = new Map((file.added_tokens ?? []).map((t) => [t.id, t.content]));
  const tokens = new Map<number, string>(entries.map(([token, id]) => [id, token]));
  const byteLevel = isByteLevel(file);
  const vocabSize = 1 + Math.max(...tokens.keys(), ...added.keys());

  const bytesOf = (id: number): Uint8Array => {
    const special = added.get(id);
    if (special !== undefined) return new TextEncoder().encode(special);
    const token = tokens.get(id);
    if (token === undefined) throw unknownId(id, vocabSize);
    return bytesOfToken(token, byteLevel);
  };
  const byText = new Map<string, number>();
  for (const id of [...tokens.keys(), ...added.keys()].sort((a, b) => b - a))
    byText.set(showBytes(bytesOf(id)), id);

  return {
    vocabSize,
    bosId: findBos(file, config),
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) =>
      byteLevel ? decodeBytes(ids.map(bytesOf)) : library.decode([...ids], { skip_special_tokens: false }),
    piece: (id) => showBytes(bytesOf(id)),
    findToken: (text) => byText.get(text),
  };
}

/** For a model folder without a tokenizer: the prompt is token ids, separated by spaces, commas or lines. */
export function idTokenizer(vocabSize: number): Tokenizer {
  return {
    vocabSize,
    bosId: undefined,
    encode: (text) =>
      text
        .split(/[\s,]+/)
        .filter((part) => part !== '')
        .map((part) => parseId(part, vocabSize)),
    decode: (ids) => ids.join(' '),
    piece: (id) => `${id} `,
    findToken: (text) => {
      const id = Number(text.trim());
      return /^\s*\d+\s*$/.test(text) && id < vocabSize ? id : undefined;
    },
  };
}

function parseId(part: string, vocabSize: number): number {
  const id = Number(part);
  if (/^\d+$/.test(part) && id < vocabSize) return id;
  throw new WorkbenchError('format', `tokenizer: '${part}' is not a token id from 0 to ${vocabSize - 1}`, {
    hint: 'This model has no tokenizer: write token ids separated by spaces, for example "12 7 305".',
  });
}

function checkJson(json: unknown): TokenizerJson {
  const vocab = (json as Partial<TokenizerJson> | undefined)?.model?.vocab;
  if (vocab !== undefined && vocab !== null && typeof vocab === 'object' && !Array.isArray(vocab))
    return json as TokenizerJson;
  throw new WorkbenchError(
    'format',
    'tokenizer.json: model.vocab is missing or is not an object of token to id',
    {
      hint: 'Choose the tokenizer.json of the model folder; a vocab.json or a Unigram model cannot be read.',
    },
  );
}

function open(file: TokenizerJson, config: unknown): LibraryTokenizer {
  try {
    return new LibraryTokenizer(file, (config ?? {}) as object);
  } catch (cause) {
    throw new WorkbenchError(
      'format',
      `tokenizer.json: the tokenizers library refuses it: ${String(cause)}`,
      {
        cause,
        hint: 'Export it again with a current version of Hugging Face tokenizers.',
      },
    );
  }
}

function isByteLevel(file: TokenizerJson): boolean {
  const { decoder } = file;
  return decoder?.type === 'ByteLevel' || (decoder?.decoders ?? []).some((d) => d.type === 'ByteLevel');
}

function decodeBytes(parts: readonly Uint8Array[]): string {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  // ignoreBOM keeps U+FEFF, which is text like any other here.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(all);
}

/** The BOS that the config names, else the added token that is commonly one. */
function findBos(file: TokenizerJson, config: unknown): number | undefined {
  const named = (config as { bos_token?: string | { content?: string } | null } | undefined)?.bos_token;
  const names = named
    ? [typeof named === 'string' ? named : named.content]
    : ['<|bos|>', '<|endoftext|>', '<s>', '<bos>', '<|begin_of_text|>'];
  for (const name of names) {
    const hit = (file.added_tokens ?? []).find((t) => t.content === name);
    if (hit) return hit.id;
  }
  return undefined;
}

function unknownId(id: number, vocabSize: number): WorkbenchError {
  return new WorkbenchError(
    'format',
    `tokenizer: no token has the id ${id}, expected 0 to ${vocabSize - 1}`,
    {
      hint: 'The tokenizer and the model belong to different vocabularies: load the pair from one folder.',
    },
  );
}
