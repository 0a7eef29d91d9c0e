import { mark } from '../marks.ts';
import { people, type Scene, sample } from '../scene.ts';
import { personSlots, render, type Slots, say, theme } from './parts.ts';

const BIRTH = [
  '{A} was born in {town} in {month}.',
  '{A} was born on {a weather} {day} in {town}.',
  'The life of {A} began in {town}.',
  '{A} came from {town}, where {his} {relative} was {a job}.',
  '{A} was the child of {a job} from {town}.',
  'This is the life of {A}, born in {town} in {season}.',
];
const YOUTH = [
  'As a child, {he} {liking} the {noun} and the {place}.',
  'At school {he} met {B}, who {liking} the {noun} too.',
  '{His} {relative} gave {him} the first {noun}.',
  'When {he} was {number} years old, {he} {finding} {a noun}.',
  '{He} grew up near the {place} with {B}.',
  'Every {day} {he} {moving} to the {place} with {B}.',
];
const WORK = [
  'Later {he} became {a job} and worked at the {place}.',
  'Then ={A} left ={town} and {verb} the {noun}.',
  '{He} was known as the {job} with the {adj} {noun}.',
  'For {number} years {he} {verb} the {noun} at the {place}.',
  'The {person} asked ={A} for help, and {he} {verb} the {noun}.',
  'With {his} {relative} {he} {verb} {a adj} {noun}.',
  'In {month} ={A} got {a gift} from the {person}.',
];
const LATE = [
  'In the end {he} went back to ={town}.',
  'When {he} was old, ={A} lived with {a animal} in ={town}.',
  'People in ={town} still talk about ={A}.',
  'Today {a place} in ={town} has the name of ={A}.',
  '={A} never forgot ={town}.',
  'The {noun} of ={A} is now in ={town}.',
];

/** A life in order: birth, youth, work and age; the town of birth and the name come back at the end. */
export function biography(scene: Scene): string {
  const { rng } = scene;
  const [a, b] = people(scene, 2);
  if (!a || !b) return '';
  const slots: Slots = { ...personSlots(a), B: b.name, town: theme(scene, 'town') };
  const line = (template: string): string => {
    // A thing comes back with even odds, so that the whole life keeps to it.
    const own = rng.chance(0.5) ? { ...slots, noun } : slots;
    return render(scene, template, own);
  };
  const noun = theme(scene, 'noun');
  const youth = sample(rng, YOUTH, 1 + rng.int(2)).map(line);
  const work = sample(rng, WORK, 2 + rng.int(2)).map(line);
  const parts = [
    mark('part', 'birth', say(scene, BIRTH, slots)),
    mark('part', 'youth', youth.join(' ')),
    mark('part', 'work', work.join(' ')),
    mark('part', 'age', say(scene, LATE, { ...slots, noun })),
  ];
  return mark('person', a.name, parts.join(' '));
}
