import { Tokenizer } from '@huggingface/tokenizers';
import { SPLIT } from './build_tokenizer.ts';

/** Encodes millions of tokens: each word goes through the library once, then comes from a table. */
export function makeEncoder(json: object): (text: string) => number[] {
  const library = new Tokenizer(json, {});
  const table = new Map<string, readonly number[]>();
  return (text) => {
    const out: number[] = [];
    for (const word of text.match(SPLIT) ?? []) {
      let ids = table.get(word);
      if (!ids) {
        ids = library.encode(word, { add_special_tokens: false }).ids;
        table.set(word, ids);
      }
      for (const id of ids) out.push(id);
    }
    return out;
  };
}
