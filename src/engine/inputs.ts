import { WorkbenchError } from '#base/errors.ts';
import type { LoadedModel } from './loaded_model.ts';
import type { BosOption, Input } from './protocol/common.ts';

/** Token ids of a request, cut to the model's context. */
export interface Prepared {
  readonly ids: readonly number[];
  /** Tokens beyond n_ctx that were left out. */
  readonly leftOut: number;
}

/** Lone surrogates become U+FFFD, as anything that is written in UTF-8 has them. */
const wellFormed = (text: string): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));

function checkIds(ids: readonly number[], d_vocab: number): void {
  const bad = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= d_vocab);
  if (bad !== undefined)
    throw new WorkbenchError(
      'format',
      `${String(bad)} is not a token id of this model, expected 0 to ${d_vocab - 1}.`,
      {
        hint: 'Give text, or ids of this model’s vocabulary.',
      },
    );
}

/**
 * Text to ids (with BOS by the option or the model's default), ids as they are; the first n_ctx stay.
 *
 * @throws WorkbenchError('format') for an id outside the vocabulary, or a BOS that the model does not have.
 */
export function prepare(model: LoadedModel, input: Input, { bos }: BosOption = {}): Prepared {
  const { config, tokenizer, info } = model;
  const all = typeof input === 'string' ? tokenizer.encode(wellFormed(input)) : input;
  checkIds(all, config.d_vocab);
  const bosId = tokenizer.bosId ?? config.bosId;
  const wanted = typeof input === 'string' && (bos ?? info.defaultPrependBos);
  if (wanted && bosId === undefined)
    throw new WorkbenchError('format', 'This model has no BOS token.', { hint: 'Call with { bos: false }.' });
  const ids = wanted ? [bosId as number, ...all] : [...all];
  return { ids: ids.slice(0, config.n_ctx), leftOut: Math.max(0, ids.length - config.n_ctx) };
}

/** The exact text of each id. */
export function piecesOf(model: LoadedModel, ids: readonly number[]): string[] {
  return ids.map((id) => pieceOf(model, id));
}

/** The text of one id; a vocabulary padded beyond its tokenizer shows the id itself. */
export function pieceOf({ tokenizer }: LoadedModel, id: number): string {
  return id < tokenizer.vocabSize ? tokenizer.piece(id) : `⟨${id}⟩`;
}

/** @throws WorkbenchError('format') when there is nothing to run. */
export function requireTokens(ids: readonly number[]): void {
  if (ids.length === 0)
    throw new WorkbenchError('format', 'The input has no tokens.', {
      hint: 'Give at least one token, or let a BOS be put in front.',
    });
}
