import { mark } from '../marks.ts';
import { fill, people, type Scene, sample, slotted, slotWords } from '../scene.ts';
import { say, theme } from './parts.ts';

/** A diary of two or three days: the weather and one thing or person come back on the next day. */
export function diary(scene: Scene): string {
  const { rng } = scene;
  const [a] = people(scene, 1);
  if (!a) return '';
  const days = slotWords(scene.topic, 'day');
  const first = rng.int(days.length);
  let weather = theme(scene, 'weather');
  const noun = theme(scene, 'noun');
  const lines: string[] = [];
  for (let i = 0; i < 2 + rng.int(2); i++) {
    const name = days[(first + i) % days.length] as string;
    const day = slotted('day', name);
    const before = weather;
    weather = fill(scene, '{weather}');
    const slots = { A: a.name, day, weather, before, noun };
    const head =
      i === 0
        ? say(scene, ['{day}, {month} {number}. It was {weather}.', '{day}. {A weather} day.'], slots)
        : say(
            scene,
            [
              '{day}. No longer ={before}, but {weather}.',
              '{day}. Yesterday was ={before}, today is {weather}.',
            ],
            slots,
          );
    const body = sample(
      rng,
      [
        'I {verb} the {noun} with {A}.',
        '{A} came to the {place}.',
        'I saw the {noun} again.',
        'I was {feeling}.',
        'We ate {food}.',
        '{A} talked about the {noun}.',
      ],
      2,
    );
    lines.push(mark('day', name, `${head} ${body.map((line) => fill(scene, line, slots)).join(' ')}`));
  }
  return lines.join('\n');
}
