import { ANSWER_MARK, mark, plain } from '../marks.ts';
import { fill, people, pick, type Scene, sample, slotWords, write } from '../scene.ts';

/** A question with its answer; `text` ends just before the space of the answer. */
export interface QuestionPrompt {
  readonly text: string;
  readonly answer: string;
}

/** A form of fact with its two questions: for what the person has, and for the person. */
interface Form {
  readonly pool: string;
  readonly fact: string;
  readonly ask: readonly string[];
  readonly back: readonly string[];
}

const FORMS: readonly Form[] = [
  {
    pool: 'place',
    fact: '{A} lives near the {x}.',
    ask: ['Where does {A} live? {A} lives near the', 'Where is {A}? {A} is near the'],
    back: ['Who lives near the {x}? It is', 'Who is near the {x}? It is'],
  },
  {
    pool: 'place',
    fact: '{A} works at the {x}.',
    ask: ['Where does {A} work? {A} works at the', 'Where is {A}? {A} is at the'],
    back: ['Who works at the {x}? It is', 'Who is at the {x}? It is'],
  },
  {
    pool: 'noun',
    fact: '{A} has the {x}.',
    ask: ['What does {A} have? {A} has the', 'Tell me what {A} has. It is the'],
    back: ['Who has the {x}? It is'],
  },
  {
    pool: 'noun',
    fact: '{A} took the {x}.',
    ask: ['What did {A} take? {A} took the'],
    back: ['Who took the {x}? It was'],
  },
  {
    pool: 'colour',
    fact: 'The hat of {A} is {x}.',
    ask: ['What colour is the hat of {A}? The hat of {A} is', 'Which hat has {A}? It is'],
    back: ['Whose hat is {x}? The hat of'],
  },
  {
    pool: 'food',
    fact: '{A} likes {x}.',
    ask: ['What does {A} like? {A} likes', 'What shall we cook for {A}? We cook'],
    back: ['Who likes {x}? It is'],
  },
  {
    pool: 'animal',
    fact: '{A} has {a x} at home.',
    ask: ['Which animal has {A}? {A} has the', 'What lives with {A}? It is the'],
    back: ['Whose animal is the {x}? It belongs to'],
  },
  {
    pool: 'job',
    fact: '{A} is the {x} of {town}.',
    ask: ['What is the work of {A}? {A} is the'],
    back: ['Who is the {x}? It is', 'Who works as the {x}? It is'],
  },
];

/** Two or three facts, then questions whose answers stand only in the facts. */
export function question(scene: Scene): string {
  const { prompt, tail } = parts(scene);
  return `${prompt.text}${ANSWER_MARK} ${prompt.answer}.${tail}`;
}

/** A fresh question for evaluation. */
export function questionPrompt(scene: Scene): QuestionPrompt {
  const { text, answer } = parts(scene).prompt;
  return { text: plain(text), answer: plain(answer) };
}

function parts(scene: Scene): { prompt: QuestionPrompt; tail: string } {
  const { rng } = scene;
  const count = 2 + rng.int(2);
  const cast = people(scene, count);
  const form = pick(rng, FORMS);
  const values = sample(rng, slotWords(scene.topic, form.pool), count);
  const facts = cast.map((p, i) =>
    fill(scene, form.fact, { A: p.name, x: mark('slot', form.pool, values[i] as string) }),
  );
  const askOf = (i: number): QuestionPrompt => {
    const slots = { A: cast[i]?.name as string, x: mark('slot', form.pool, values[i] as string) };
    return rng.chance(0.5)
      ? { text: write(scene, form.ask, slots), answer: slots.x }
      : { text: write(scene, form.back, slots), answer: mark('slot', 'name', slots.A) };
  };
  const order = sample(
    rng,
    cast.map((_, i) => i),
    count,
  );
  const first = askOf(order[0] as number);
  const second = askOf(order[1] as number);
  const tail = rng.chance(0.5) ? `\nQuestion: ${second.text}${ANSWER_MARK} ${second.answer}.` : '';
  return { prompt: { text: `${facts.join(' ')}\nQuestion: ${first.text}`, answer: first.answer }, tail };
}
