import { mark } from '../marks.ts';
import { fill, people, pick, type Scene, sample, slotted } from '../scene.ts';
import { say, theme } from './parts.ts';

const BODY = [
  'Thank you for the {gift}.',
  'I am at the {place} with my {relative}.',
  'The {noun} here is very {adj}.',
  'It is {weather} in {town}.',
  'We {verb} the {noun} on {day}.',
  'I {finding} {a adj} {noun} for you.',
  'My {animal} {liking} the {noun}.',
  'The {person} was {feeling}.',
  'I hope that you are not {feeling}.',
];

/** A letter: the name of the greeting is thanked again, the signature is the writer of the body. */
export function letter(scene: Scene): string {
  const [a, b] = people(scene, 2);
  if (!a || !b) return '';
  const { rng } = scene;
  const gift = theme(scene, 'gift');
  const slots = { A: a.name, B: b.name, gift };
  const body = sample(rng, BODY, 2 + rng.int(3)).map((line) => fill(scene, line, slots));
  const more = say(
    scene,
    [
      'Do you still have the {gift}, ={A}?',
      '{A}, the {gift} is lovely.',
      'Your friend ={B} will visit you soon, ={A}.',
      'Bring the {gift} when you come, ={A}.',
    ],
    slots,
  );
  const bye = pick(rng, ['Love,', 'Yours,', 'Your friend,', 'Many greetings,']);
  const me = say(scene, ['This is {B} from {town}.', 'It is me, {B}.', '{B} is writing to you.'], slots);
  const [to, from] = [slotted('name', a.name), slotted('name', b.name)];
  const text = `Dear ${to},\n${[me, ...body, more].join(' ')}\n${bye}\n${mark('part', 'signature', from)}`;
  return mark('sender', b.name, mark('recipient', a.name, text));
}
