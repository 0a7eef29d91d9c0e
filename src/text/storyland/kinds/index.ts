import type { Writer } from '../scene.ts';
import { advert } from './advert.ts';
import { biography } from './biography.ts';
import { code } from './code.ts';
import { config } from './config.ts';
import { definition } from './definition.ts';
import { dialogue } from './dialogue.ts';
import { diary } from './diary.ts';
import { directions } from './directions.ts';
import { essay } from './essay.ts';
import { hours } from './hours.ts';
import { howto } from './howto.ts';
import { inventory } from './inventory.ts';
import { ioi, pair } from './ioi.ts';
import { letter } from './letter.ts';
import { list } from './list.ts';
import { menu } from './menu.ts';
import { news } from './news.ts';
import { play } from './play.ts';
import { question } from './question.ts';
import { recipe } from './recipe.ts';
import { rhyme } from './rhyme.ts';
import { riddle } from './riddle.ts';
import { song } from './song.ts';
import { story } from './story.ts';
import { timetable } from './timetable.ts';
import { weather } from './weather.ts';

/** One kind of document: how it is written and its weight in the base mix (by documents). */
export interface Kind {
  readonly write: Writer;
  readonly weight: number;
}

/** All kinds except random copies (`echo`), which the caller adds with a length of its own. */
export const WRITERS: Readonly<Record<string, Kind>> = {
  story: { write: story, weight: 12 },
  dialogue: { write: dialogue, weight: 11 },
  ioi: { write: ioi, weight: 16 },
  list: { write: list, weight: 5 },
  recipe: { write: recipe, weight: 5 },
  letter: { write: letter, weight: 6 },
  diary: { write: diary, weight: 5 },
  riddle: { write: riddle, weight: 5 },
  rhyme: { write: rhyme, weight: 6 },
  question: { write: question, weight: 12 },
  code: { write: code, weight: 7 },
  news: { write: news, weight: 5 },
  timetable: { write: timetable, weight: 3 },
  definition: { write: definition, weight: 3 },
  weather: { write: weather, weight: 4 },
  hours: { write: hours, weight: 4 },
  config: { write: config, weight: 4 },
  essay: { write: essay, weight: 5 },
  play: { write: play, weight: 4 },
  howto: { write: howto, weight: 4 },
  menu: { write: menu, weight: 4 },
  advert: { write: advert, weight: 4 },
  biography: { write: biography, weight: 4 },
  directions: { write: directions, weight: 4 },
  inventory: { write: inventory, weight: 4 },
  song: { write: song, weight: 4 },
  pair: { write: pair, weight: 1 },
};
