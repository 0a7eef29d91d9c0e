import { mark } from '../marks.ts';
import { fill, people, pick, type Scene } from '../scene.ts';

const RHYMES: readonly (readonly string[])[] = [
  ['day', 'way', 'play', 'say', 'gray'],
  ['night', 'light', 'bright', 'white', 'kite'],
  ['tree', 'sea', 'bee', 'free', 'me'],
  ['moon', 'soon', 'noon', 'tune', 'spoon'],
  ['sky', 'high', 'fly', 'why', 'goodbye'],
  ['ball', 'tall', 'small', 'wall', 'fall'],
  ['cat', 'hat', 'mat', 'rat', 'bat'],
  ['snow', 'go', 'slow', 'know', 'blow'],
  ['king', 'ring', 'sing', 'spring', 'bring'],
];
const LINES = [
  'The {noun} is {adj} and',
  'I saw the {person} by the',
  'Oh {A}, my {feeling}',
  'We {verb} the {noun},',
  'The {place} so {adj}, the',
  '{A colour} {animal} and the',
];
const REFRAINS = [
  'Oh hey, oh {noun}, oh {A},',
  'Sing, {A}, sing for the {noun},',
  'Round and round the {noun} of {A},',
  'Come, {A}, come to the {place},',
  'Ho ho, the {adj} {noun} and {A},',
];

/** A song of two or three verses: lines end in rhymes and the refrain comes back word for word. */
export function rhyme(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const slots = { A: a.name };
  const refrain = mark('refrain', 'yes', fill(scene, pick(rng, REFRAINS), slots));
  const verses: string[] = [];
  for (let v = 0; v < 2 + rng.int(2); v++) {
    const family = pick(rng, RHYMES);
    const lines = [0, 1].map(() => {
      const word = mark('rhyme', family[0] as string, pick(rng, family));
      return `${fill(scene, pick(rng, LINES), slots)} ${word}`;
    });
    verses.push(mark('verse', `${v + 1}`, [...lines, refrain].join('\n')));
  }
  return verses.join('\n');
}
