import { ANSWER_MARK, mark } from '../marks.ts';
import { chance, fill, people, pick, type Scene, slotted, write } from '../scene.ts';
import { theme } from './parts.ts';

const QUESTIONS = [
  'Where is the {noun}?',
  'Do you like the {place}?',
  'Can you help me with the {noun}?',
  'Why are you so {feeling}?',
  'Have you seen my {noun}?',
  'Who {verb} the {noun}?',
  'What did you do at the {place}?',
  'Is the {noun} {adj}?',
  'Did the {person} come on {day}?',
  'May I have some {food}?',
];

const REPLIES = [
  'It is near the {place}',
  'I {verb} it on {day}',
  'Yes, I {liking} it',
  'No, the {person} took it',
  'I am too {feeling}',
  'My {relative} has {a adj} {noun}',
  'We will go to the {place}',
  'Look at the {colour} {noun}',
  'You are very {feeling}',
  'The {noun} is {adj}',
  'I do not know',
  'Please wait for me',
  'Of course, my friend',
  'Let us ask the {person}',
];

/** Two people talk; quotation marks open and close with different characters, and names alternate. */
export function dialogue(scene: Scene): string {
  const { rng } = scene;
  const [a, b] = people(scene, 2);
  if (!a || !b) return '';
  const noun = theme(scene, 'noun');
  const place = theme(scene, 'place');
  const turns = 2 + rng.int(4);
  const joint = pick(rng, [' ', '\n', ' ']);
  const lines: string[] = [];
  if (chance(rng, 0.5))
    lines.push(
      write(scene, ['{A} met {B} at the {place}.', 'At the {place} {A} saw {B}.'], {
        A: a.name,
        B: b.name,
        place,
      }),
    );
  for (let i = 0; i < turns; i++)
    lines.push(
      turn(scene, {
        speaker: i % 2 ? b.name : a.name,
        hearer: i % 2 ? a.name : b.name,
        question: i % 2 === 0 && i < turns - 1,
        noun,
        place,
      }),
    );
  return lines.join(joint);
}

interface Turn {
  readonly speaker: string;
  readonly hearer: string;
  readonly question: boolean;
  readonly noun: string;
  readonly place: string;
}

/** What is said with its tag; throughout it `speaker` is known. */
function turn(scene: Scene, t: Turn): string {
  return mark('speaker', t.speaker, said(scene, t));
}

function said(scene: Scene, t: Turn): string {
  const { rng } = scene;
  const slots = { place: t.place, ...(chance(rng, 0.6) && { noun: t.noun }) };
  const call = chance(rng, 0.25) ? `,${ANSWER_MARK} ${slotted('name', t.hearer)}` : '';
  const who = slotted('name', t.speaker);
  if (t.question) {
    const q = write(scene, QUESTIONS, slots);
    const text = call ? `${q.slice(0, -1)}${call}?` : q;
    return chance(rng, 0.5) ? `“${text}” asked${ANSWER_MARK} ${who}.` : `${who} asked, “${text}”`;
  }
  const text = write(scene, REPLIES, slots) + call;
  const tag = fill(scene, '{saying}');
  return chance(rng, 0.5) ? `“${text},” ${tag}${ANSWER_MARK} ${who}.` : `${who} ${tag}, “${text}.”`;
}
