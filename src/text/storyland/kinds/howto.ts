import { mark, plain } from '../marks.ts';
import { pick, type Scene } from '../scene.ts';
import { type Lists, type Slots, say, sayAll, theme, themes } from './parts.ts';

const LISTS: Lists = {
  do: ['clean', 'lift', 'turn', 'hold', 'dry', 'wash', 'check', 'move', 'open', 'push', 'pull', 'cover'],
};
const HEADS = [
  'How to repair {a main}:',
  'How to make {a adj} {main} from {a second}:',
  'How to bring the {main} to the {place}:',
  'Help for people with {a adj} {main}:',
  'Plan for a new {main}:',
  'What to do with {a colour} {main}:',
];
const NEEDS = [
  'You need the {second}, some {material} and {a gift}.',
  'Take the {second} and {number} hours of time.',
  'Ask {a person} for the {second} before you start.',
  'It works with {material} and the {second}.',
  'Have the {second} near you.',
  'You need the {second} and {a feeling} {relative}.',
];
const STEPS = [
  '{Do} the ={main} {adverb}.',
  '{Do} the ={second} with your {body}.',
  'Put the ={second} next to the ={main}.',
  'Wait {number} minutes.',
  'Bring the ={main} to the {place}.',
  'Use the ={second} on the {colour} side of the ={main}.',
  'Do not drop the ={main}.',
  'Look at the ={main} and {do} it again.',
  'If the ={main} is {adj}, {do} the ={second}.',
  'Ask the {person} to {do} the ={main}.',
];
const ENDS = [
  'Now the ={main} is {adj}.',
  'Your ={main} is ready, and the ={second} can rest.',
  'Show the ={main} to the {person}.',
  'Keep the ={main} in the {room}.',
  'Thank the ={second} and enjoy the ={main}.',
  'Then put the ={second} back.',
];

/** Numbered steps that use the thing of the title and the tool named before. */
export function howto(scene: Scene): string {
  const { rng } = scene;
  const [main, second] = themes(scene, 'noun', 2) as [string, string];
  const slots: Slots = { main, second, place: theme(scene, 'place') };
  const lists = { ...LISTS, Do: (LISTS['do'] ?? []).map((w) => w.charAt(0).toUpperCase() + w.slice(1)) };
  const number = pick(rng, ['Step #:', '#:', '# -']);
  const steps = sayAll(scene, STEPS, 3 + rng.int(3), slots, lists).map((step, i) =>
    mark('step', `${i + 1}`, `${number.replace('#', `${i + 1}`)} ${step}`),
  );
  const text = [say(scene, HEADS, slots), say(scene, NEEDS, slots), ...steps, say(scene, ENDS, slots)];
  return mark('main', plain(main), text.join('\n'));
}
