/** Longest n-gram that a loop may consist of, and how often it must come in a row. */
const LONGEST = 4;
const TIMES = 4;
/** A cycle that makes up more than this share of the continuation is a loop, whatever its length. */
const SHARE = 0.5;

/**
 * Whether a continuation falls into a loop: the same n-gram of 1 to 4 tokens at least 4 times in a row, or more than
 * half of all tokens in one stretch that repeats a cycle of any length (at least twice).
 */
export function hasLoop(ids: readonly number[]): boolean {
  for (let n = 1; n <= ids.length / 2; n++) {
    const stretch = longestStretch(ids, n);
    if (n <= LONGEST && stretch >= n * TIMES) return true;
    if (stretch >= 2 * n && stretch > SHARE * ids.length) return true;
  }
  return false;
}

/** Tokens of the longest stretch in which each token is the one `n` before it; the first cycle counts. */
function longestStretch(ids: readonly number[], n: number): number {
  let longest = 0;
  let run = 0;
  for (let i = n; i < ids.length; i++) {
    run = ids[i] === ids[i - n] ? run + 1 : 0;
    if (run > 0) longest = Math.max(longest, run + n);
  }
  return longest;
}
