import { mark, plain } from '../marks.ts';
import { people, type Scene } from '../scene.ts';
import { personSlots, type Slots, say, sayAll, theme } from './parts.ts';

const OPENINGS = [
  'This is an essay about the {main}.',
  'Many people know the {main}, but few people know it well.',
  'What is {a main}? This text gives an answer.',
  'When I think of the {place}, I think of the {main}.',
  'Nothing at the {place} is as {adj} as the {main}.',
  'My teacher asked me to write about the {main}.',
  'Once {A} asked me what I know about the {main}.',
];
const MIDDLE = [
  'First of all, the ={main} is {adj} and made of {material}.',
  'At the {place} the {person} always {verb} the ={main}.',
  'Long ago {a person} from {town} {verb} the first ={main}.',
  'Some people say that {a adj} ={main} brings {weather} days.',
  'In {season} you can see the ={main} near the {place}.',
  'A good ={main} needs {a noun}, and a bad ={main} needs two.',
  'My {relative} {liking} the ={main} more than {a gift}.',
  'For example, {A} {finding} {a colour} ={main} in {month}.',
  '{A} told me that {he} {moving} to the {place} for {a size} ={main}.',
  'Without the ={main} the {person} would be {feeling}.',
  'It is true that {a noun} is {adj} too, but it is not the ={main}.',
  'Every {person} should have {a adj} ={main}.',
  'On the one hand the ={main} is {adj}, on the other hand it is {adj}.',
  'In {town} they show {a adj} ={main} every {day}.',
  'People often ask why the ={main} is {colour}.',
  'Because of this, ={A} never {verb} the ={main} in the {time}.',
];
const ENDINGS = [
  'So we can say that the ={main} is {adj}, and ={A} thinks so too.',
  'This is why I like the ={main} so much.',
  'In the end, the ={main} belongs to the {place} and to ={A}.',
  'For all these reasons the ={main} is important.',
  'Now you know more about the ={main}.',
  'That is all that I and ={A} know about the ={main}.',
];

/** A long text that keeps to one thing and one person throughout. */
export function essay(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const slots: Slots = { ...personSlots(a), main: theme(scene, 'noun') };
  const main = plain(slots['main'] as string);
  const intro = say(
    scene,
    ['I wrote it with {A} in {month}.', '{A} helped me with it.', 'I saw it with {A} at the {place}.'],
    slots,
  );
  const lines = [say(scene, OPENINGS, slots), intro, ...sayAll(scene, MIDDLE, 7 + rng.int(3), slots)];
  return mark('main', main, [...lines, say(scene, ENDINGS, slots)].join(' '));
}
