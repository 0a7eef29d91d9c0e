/** GPT-2's split into words with their leading space; the same expression as in the tokenizers library. */
export const SPLIT = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/**
 * Encodes millions of tokens: each word goes through `encode` once, then comes from a table.
 *
 * Only for tokenizers that split text as GPT-2 does, as the embedded one.
 */
export function wordEncoder(encode: (text: string) => readonly number[]): (text: string) => number[] {
  const table = new Map<string, readonly number[]>();
  return (text) => {
    const out: number[] = [];
    for (const word of text.match(SPLIT) ?? []) {
      let ids = table.get(word);
      if (!ids) {
        ids = encode(word);
        table.set(word, ids);
      }
      for (const id of ids) out.push(id);
    }
    return out;
  };
}
