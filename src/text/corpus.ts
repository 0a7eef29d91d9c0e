import { WorkbenchError } from '#base/errors.ts';
import type { Rng } from '#base/rng.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Token ids of a text, document after document; where a BOS is used, it stands before each document. */
export type TokenArray = Uint16Array | Uint32Array;

/** How a corpus is cut. */
export interface WindowOptions {
  /** Tokens per window, the BOS counted. */
  readonly ctx: number;
  /** Every window begins with this id; left out, windows are cut as the tokens come. */
  readonly bosId?: number | undefined;
  /**
   * 'token' (default): windows follow each other without a gap. 'document': each window begins where a document
   * begins (needs bosId); a document that a window cuts is begun again by the next one, unless it alone is longer.
   */
  readonly startAt?: 'token' | 'document';
}

/** Files that are read as text into documents, and files that hold ids. */
export type CorpusFormat = 'txt' | 'jsonl' | 'u16' | 'u32';

/** The format by the ending of the file's name. @throws WorkbenchError('format') for another ending. */
export function corpusFormat(fileName: string): CorpusFormat {
  const ending = /\.([a-z0-9]+)$/i.exec(fileName)?.[1]?.toLowerCase() ?? '';
  if (ending === 'txt' || ending === 'md') return 'txt';
  if (ending === 'jsonl' || ending === 'ndjson') return 'jsonl';
  if (ending === 'bin' || ending === 'u16') return 'u16';
  if (ending === 'u32') return 'u32';
  throw new WorkbenchError(
    'format',
    `corpus: '${fileName}' ends in '${ending}', expected txt, jsonl, bin, u16 or u32`,
    {
      hint: 'Save the text as .txt (one document, or several between <|endoftext|>) or as .jsonl with a field "text".',
    },
  );
}

/** Documents of a text file: between `<|endoftext|>` marks, empty ones left out. */
export function* readTxt(text: string): Generator<string> {
  for (const part of text.split('<|endoftext|>')) {
    const document = part.replace(/^\r?\n|\r?\n$/g, '');
    if (document.trim() !== '') yield document;
  }
}

/** Documents of a .jsonl file: the field `text` of each line. @throws WorkbenchError('format') with the line. */
export function* readJsonl(text: string): Generator<string> {
  let line = 0;
  for (const row of text.split('\n')) {
    line++;
    if (row.trim() === '') continue;
    const document = textField(row);
    if (document === undefined) {
      throw new WorkbenchError(
        'format',
        `corpus: line ${line} is not a JSON object with a string field "text"`,
        {
          hint: 'Write one object a line, for example {"text": "Once upon a time"}.',
        },
      );
    }
    if (document !== '') yield document;
  }
}

/** Ids of a little-endian u16 or u32 file. @throws WorkbenchError('format') when the length does not fit. */
export function readIds(bytes: Uint8Array, format: 'u16' | 'u32'): TokenArray {
  const width = format === 'u16' ? 2 : 4;
  if (bytes.byteLength % width !== 0) {
    throw new WorkbenchError(
      'format',
      `corpus: ${bytes.byteLength} bytes are no whole number of ${format} ids`,
      {
        hint: `Export the ids as little-endian ${format}.`,
      },
    );
  }
  const copy = bytes.slice().buffer;
  return format === 'u16' ? new Uint16Array(copy) : new Uint32Array(copy);
}

/** The documents' ids in one array, the BOS before each document where the tokenizer has one and `bos` asks for it. */
export function tokenise(
  documents: Iterable<string>,
  tokenizer: Tokenizer,
  { bos, most = Number.POSITIVE_INFINITY }: { readonly bos: boolean; readonly most?: number },
): Uint32Array {
  let ids = new Uint32Array(1024);
  let count = 0;
  const push = (id: number): void => {
    if (count === ids.length) {
      const wider = new Uint32Array(2 * ids.length);
      wider.set(ids);
      ids = wider;
    }
    ids[count++] = id;
  };
  for (const document of documents) {
    if (count >= most) break;
    if (bos && tokenizer.bosId !== undefined) push(tokenizer.bosId);
    for (const id of tokenizer.encode(document)) push(id);
  }
  return ids.slice(0, Math.min(count, most));
}

/** Where the windows of the tokens begin, in their order in the text; a last window that is too short is left out. */
export function windowStarts(tokens: TokenArray, options: WindowOptions): Uint32Array {
  checkOptions(options);
  const { ctx, bosId, startAt = 'token' } = options;
  const starts: number[] = [];
  for (let at = 0; at >= 0 && at + need(tokens, at, options) <= tokens.length; ) {
    starts.push(at);
    at =
      startAt === 'token' ? at + need(tokens, at, options) : nextDocument(tokens, at, ctx, bosId as number);
  }
  return Uint32Array.from(starts);
}

/** Every window once: in the text's order, or in the order that `rng` draws. */
export function* windows(tokens: TokenArray, options: WindowOptions, rng?: Rng): Generator<Uint32Array> {
  const starts = windowStarts(tokens, options);
  const order = rng ? shuffled(starts, rng) : starts;
  for (const start of order) yield windowAt(tokens, start, options);
}

/** The window that begins at `start`. */
export function windowAt(tokens: TokenArray, start: number, options: WindowOptions): Uint32Array {
  const { ctx, bosId } = options;
  const body = need(tokens, start, options);
  const window = new Uint32Array(ctx);
  if (bosId !== undefined) window[0] = bosId;
  window.set(tokens.subarray(start, start + body), ctx - body);
  return window;
}

/** Windows of an unlimited source of documents, in its order. */
export function* streamWindows(
  documents: Iterable<string>,
  tokenizer: Tokenizer,
  options: WindowOptions,
): Generator<Uint32Array> {
  checkOptions(options);
  const { ctx, bosId, startAt = 'token' } = options;
  let row: number[] = [];
  for (const document of documents) {
    if (bosId !== undefined) row.push(bosId);
    row.push(...tokenizer.encode(document));
    while (row.length >= ctx) {
      yield Uint32Array.from(row.slice(0, ctx));
      row = startAt === 'document' ? [] : withBos(row.slice(ctx), bosId);
    }
  }
}

function withBos(row: number[], bosId: number | undefined): number[] {
  return bosId === undefined || row.length === 0 || row[0] === bosId ? row : [bosId, ...row];
}

/** Tokens that a window takes from the text: one fewer where its BOS is put in front. */
function need(tokens: TokenArray, at: number, { ctx, bosId }: WindowOptions): number {
  return bosId === undefined || tokens[at] === bosId ? ctx : ctx - 1;
}

/** The last document start within the window just taken, so that a cut document comes again; else the next one. */
function nextDocument(tokens: TokenArray, start: number, ctx: number, bosId: number): number {
  const end = start + ctx;
  if (tokens[end] === bosId) return end;
  const inside = tokens.lastIndexOf(bosId, end - 1);
  return inside > start ? inside : tokens.indexOf(bosId, end);
}

function shuffled(starts: Uint32Array, rng: Rng): Uint32Array {
  const out = starts.slice();
  for (let i = out.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    const held = out[i] as number;
    out[i] = out[j] as number;
    out[j] = held;
  }
  return out;
}

function textField(row: string): string | undefined {
  try {
    const text = (JSON.parse(row) as { text?: unknown } | null)?.text;
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

function checkOptions({ ctx, bosId, startAt }: WindowOptions): void {
  if (!Number.isInteger(ctx) || ctx < 2)
    throw new WorkbenchError('shape', `corpus: ctx is ${ctx}, expected an integer of at least 2`, {
      hint: 'Use the context length of the model.',
    });
  if (startAt === 'document' && bosId === undefined) {
    throw new WorkbenchError('shape', "corpus: startAt 'document' needs bosId", {
      hint: 'Documents are found by their BOS.',
    });
  }
}
