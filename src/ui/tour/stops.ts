import type { ViewRef } from '#share/view_ref.ts';
import type { PanelAnchor } from '../components/Panel.tsx';

/** A token of a stop's prompt: its position counted with BOS, and its exact text, which tests compare. */
export interface TourToken {
  readonly position: number;
  readonly text: string;
}
/** A feature on a token of a prompt, and what made it fire. */
export interface TourSight {
  readonly prompt: string;
  /** Layer of the embedded SAE that the feature belongs to. */
  readonly layer: number;
  readonly feature: number;
  /** The token that the feature is shown on. */
  readonly token: TourToken;
  /** Source of the largest DFA: summed over heads, or of `head` where one is named. */
  readonly source?: TourToken | undefined;
  /** The head with the largest Σ|cells| at the token. */
  readonly head?: number | undefined;
  /** A token text that is among the ten that the feature promotes most. */
  readonly promotes?: string | undefined;
  /** True: the feature never fires, on this token or on the whole index. */
  readonly dead?: true | undefined;
}
interface StopText {
  /** Names the stop in links: `tour=induction`. */
  readonly id: string;
  readonly title: string;
  /** Two to four plain sentences: what to look at, and why it is interesting. */
  readonly text: string;
  /** The panel to look at. */
  readonly look: PanelAnchor;
}
/** A stop at a feature: the feature view with its token chosen. */
export interface FeatureStop extends StopText, TourSight {
  readonly view: 'feature';
  /** Words of the link to the stop's own feature where `also` lists others. */
  readonly words?: string | undefined;
  /** More features to open from the stop, each with the words of its link. */
  readonly also?: readonly (TourSight & { readonly words: string })[] | undefined;
}
/** The stop that ends in the reader's own run: a filled form, nothing started. */
export interface TrainStop extends StopText {
  readonly view: 'train';
  /** The form as a link has it: 'site:…,d_sae:512'. */
  readonly job: string;
}
export type TourStop = FeatureStop | TrainStop;

const ECHO = 'Echo : lantern violin tiger crab lantern violin tiger crab';
const GIFT = 'When Mary and John went to the store, John gave a drink to Mary.';

/** Found with scripts/find_tour.ts on the pack in public/embedded; e2e/flows/tour.flow.ts checks every promise. */
export const TOUR: readonly TourStop[] = [
  {
    id: 'induction',
    title: 'Induction: what came next last time?',
    text: 'The prompt repeats four random words, so only its own past tells what comes next. On the second “violin” this feature reads from “tiger”, the word that followed “violin” the first time. That is induction: find the earlier copy, look one token further, and bring that word here.',
    look: 'attribution',
    view: 'feature',
    prompt: ECHO,
    layer: 1,
    feature: 261,
    token: { position: 9, text: ' violin' },
    source: { position: 6, text: ' tiger' },
  },
  {
    id: 'previous-token',
    title: 'Previous token: the note that induction reads',
    text: 'A layer below, one head copies every token one place to the right. This feature on “crab” fires because of “tiger”, the token just before it. Induction works because each token carries such a note about what stood in front of it.',
    look: 'attribution',
    view: 'feature',
    prompt: ECHO,
    layer: 0,
    feature: 560,
    token: { position: 7, text: ' crab' },
    source: { position: 6, text: ' tiger' },
    head: 2,
  },
  {
    id: 'name-moving',
    title: 'Name moving: who gets the drink?',
    text: 'Two people come in, one gives, so the other one receives. On “to” the feature reads the name that is still missing.',
    look: 'attribution',
    view: 'feature',
    prompt: GIFT,
    layer: 1,
    feature: 433,
    token: { position: 14, text: ' to' },
    source: { position: 2, text: ' Mary' },
    head: 0,
  },
  {
    id: 'quote-closing',
    title: 'Quotes: an open quotation wants its end',
    text: 'The prompt is a quotation. While somebody speaks, this feature looks back at the opening quotation mark.',
    look: 'attribution',
    view: 'feature',
    prompt: '“Please wait for me,” said Tom.',
    layer: 1,
    feature: 181,
    token: { position: 5, text: ' me' },
    source: { position: 1, text: '“' },
    head: 0,
  },
  {
    id: 'topic',
    title: 'Long range: what the text is about',
    text: 'There is a far source. At the end of the sentence the feature reads far back.',
    look: 'attribution',
    view: 'feature',
    prompt: GIFT,
    layer: 1,
    feature: 389,
    token: { position: 16, text: '.' },
    source: { position: 3, text: ' and' },
    head: 3,
  },
  {
    id: 'one-head',
    title: 'One head, many jobs',
    text: 'A head has many features. Head 0.3 does unlike things at once.',
    look: 'attribution',
    view: 'feature',
    prompt: ECHO,
    layer: 0,
    feature: 75,
    token: { position: 8, text: ' lantern' },
    head: 3,
    words: 'lantern',
    also: [
      {
        words: 'Mary',
        prompt: GIFT,
        layer: 0,
        feature: 504,
        token: { position: 15, text: ' Mary' },
        head: 3,
      },
    ],
  },
  {
    id: 'dead-feature',
    title: 'A dead feature',
    text: 'This feature never fired. It is dead.',
    look: 'density',
    view: 'feature',
    prompt: ECHO,
    layer: 0,
    feature: 651,
    token: { position: 9, text: ' violin' },
    dead: true,
  },
  {
    id: 'train',
    title: 'Train your own',
    text: 'The form is filled in for a small SAE on the last layer: press Start, and watch loss, dead features and the density of its features move while it learns. It takes about a minute on a laptop with a graphics card. When it is done its features open like the ones you have just seen.',
    look: 'new-run',
    view: 'train',
    job: 'site:blocks.1.attn.hook_z,d_sae:512,tokens:200000',
  },
];

/** The stop of a link, if there is one of this id. */
export const stopOf = (id: string | undefined): TourStop | undefined => TOUR.find((s) => s.id === id);

/** The feature and token of the stop that a view shows: its own or one of `also`. */
export function sightAt(stop: TourStop, view: ViewRef): TourSight | undefined {
  if (stop.view !== 'feature' || view.kind !== 'feature') return undefined;
  const { feature, position, prompt } = view;
  return [stop, ...(stop.also ?? [])].find(
    (s) => s.feature === feature && s.token.position === position && s.prompt === prompt,
  );
}

/** Whether a view is what the stop means to show. */
export const isAtStop = (stop: TourStop, view: ViewRef): boolean =>
  stop.view === 'train' ? view.kind === 'train' : sightAt(stop, view) !== undefined;
