import type { Draws } from './draws.ts';

const ONSETS = 'b c d f g h k l m n p r s t v w z br ch cl dr fl gr pl sh sk sl sp st th tr qu j'.split(' ');
const NUCLEI = 'a e i o u ai ea ee oo ou y'.split(' ');
const CODAS = '  n r l s t m k nd rt st ck ng sh x ll'.split(' ');

/** A word that no list holds: two or three syllables, lower case. */
export function madeUpWord(rng: Draws): string {
  const syllables = 2 + (rng.chance(0.3) ? 1 : 0);
  let word = '';
  for (let i = 0; i < syllables; i++) word += one(rng, ONSETS) + one(rng, NUCLEI);
  return word + one(rng, CODAS);
}

function one(rng: Draws, list: readonly string[]): string {
  return list[rng.int(list.length)] as string;
}
