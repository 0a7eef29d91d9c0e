import { Tokenizer } from '@huggingface/tokenizers';
import { wordEncoder } from '#text/word_encoder.ts';

/** The encoder of a tokenizer.json that splits words as GPT-2's does. */
export function makeEncoder(json: object): (text: string) => number[] {
  const library = new Tokenizer(json, {});
  return wordEncoder((text) => library.encode(text, { add_special_tokens: false }).ids);
}
