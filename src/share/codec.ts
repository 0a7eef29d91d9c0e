import { WorkbenchError } from '#base/errors.ts';
import {
  choiceField,
  countField,
  type Field,
  patternField,
  realField,
  sourceField,
  textField,
} from './fields.ts';
import type {
  FeaturesViewRef,
  FeatureViewRef,
  PromptViewRef,
  TrainViewRef,
  ViewKind,
  ViewRef,
} from './view_ref.ts';

/** A link, and one sentence when something had to be left out of it. */
export interface EncodedView {
  /** '#/v1/<view>?…', keys sorted, so equal views give equal links. */
  readonly hash: string;
  readonly note?: string | undefined;
}
export type DecodedView =
  | { readonly ok: true; readonly view: ViewRef }
  | { readonly ok: false; readonly error: WorkbenchError };

/** Prompts above this many UTF-8 bytes are left out of links (decision 29). */
export const MAX_PROMPT_BYTES = 6 * 1024;
const MAX_LINK_CHARS = 200_000;
const MAX_FIELDS = 64;
const VERSION = 1;

/** Values that a view has when its field is absent; they are not written into links. */
export const VIEW_DEFAULTS = {
  model: 'embedded',
  tokenSort: 'act',
  snippet: 'stacked',
  desc: 1,
  smooth: 0.6,
} as const;

type Fields<V> = { readonly [K in Exclude<keyof V, 'kind'>]-?: Field<Exclude<V[K], undefined>> };
const ID = /^(embedded|[A-Za-z0-9_-]{22,64})$/;
const ID_WORDS = 'an id of at least 22 characters';

const common = {
  model: patternField(['m', ID_WORDS], ID, VIEW_DEFAULTS.model),
  sae: patternField(['s', ID_WORDS], ID),
  source: sourceField('u'),
  card: patternField(['c', 'a packed card'], /^[A-Za-z0-9_-]{1,131072}$/),
  embed: choiceField('embed', [1]),
  tour: patternField(['tour', 'a stop of the tour'], /^[a-z][a-z-]{0,39}$/),
};
const prompt: Fields<PromptViewRef> = {
  ...common,
  prompt: textField('p', MAX_PROMPT_BYTES),
  position: countField('t', 1_000_000),
  feature: countField('f'),
  sort: choiceField('sort', ['act', 'density', 'index'], VIEW_DEFAULTS.tokenSort),
  edit: patternField(
    ['e', 'ablate, or scale, clamp or add with a number'],
    /^(ablate|(scale|clamp|add):-?\d{0,9}\.?\d{1,30}(e-?\d{1,2})?)$/,
  ),
  editAt: patternField(['at', "'all' or positions"], /^(all|\d{1,6}(,\d{1,6}){0,1023})$/),
  panel: choiceField('panel', ['next', 'patterns', 'edit']),
};
const feature: Fields<FeatureViewRef> = {
  ...common,
  feature: countField('f'),
  prompt: textField('p', MAX_PROMPT_BYTES),
  position: countField('t', 1_000_000),
  snippet: choiceField('n', ['stacked', 'snippet', 'full'], VIEW_DEFAULTS.snippet),
  bin: countField('b', 10_000),
};
const features: Fields<FeaturesViewRef> = {
  ...common,
  sort: choiceField('sort', ['feature', 'density', 'maxAct', 'headShare', 'effect', 'tracks']),
  desc: choiceField('desc', [0, 1], VIEW_DEFAULTS.desc),
  minDensity: realField('min', { min: 0, max: 1 }),
  maxDensity: realField('max', { min: 0, max: 1 }),
  promotes: textField('q', 200),
  tracks: textField('w', 100),
};
const train: Fields<TrainViewRef> = {
  ...common,
  run: patternField(['r', ID_WORDS], ID),
  variant: patternField(['v', 'a variant'], /^[a-z][a-z0-9_]{0,40}$/),
  job: patternField(['j', "settings as 'name:value', by commas"], /^[A-Za-z0-9_.:,+-]{1,1000}$/),
  smooth: realField('smooth', { min: 0, max: 0.99, fallback: VIEW_DEFAULTS.smooth }),
};
/** The one table: a new view does not compile until its fields stand here. */
const TABLE: { readonly [K in ViewKind]: Fields<Extract<ViewRef, { kind: K }>> } = {
  load: common,
  prompt,
  feature,
  features,
  train,
};
type AnyFields = Readonly<Record<string, Field<string | number> | undefined>>;
const tableOf = (kind: ViewKind): AnyFields => TABLE[kind] as unknown as AnyFields;
const isKind = (text: string): text is ViewKind => Object.hasOwn(TABLE, text);

/** Percent-encodes what chat programs cut off or read as markup; a blank becomes '+'. */
function escapeValue(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]|\.$/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * View to link. Undefined fields and defaults are left out.
 *
 * A prompt over 6 kB (UTF-8) and a value that no reader would accept are left out too, and `note` says so.
 */
export function encodeView(view: ViewRef): EncodedView {
  const fields = tableOf(view.kind);
  const parts: string[] = [];
  let note: string | undefined;
  for (const [name, value] of Object.entries(view) as [string, string | number | undefined][]) {
    const field = fields[name];
    if (!field || value === undefined || value === field.fallback) continue;
    const text = field.write(value);
    if (name === 'prompt' && new TextEncoder().encode(text).length > MAX_PROMPT_BYTES) {
      note = 'The prompt is longer than 6 kB, so the link leaves it out; send the text beside it.';
      continue;
    }
    if (field.read(text) === undefined) {
      note = `The link leaves out ${name}, which should be ${field.want}.`;
      continue;
    }
    parts.push(`${field.key}=${escapeValue(text)}`);
  }
  const query = parts.sort().join('&');
  const hash = `#/v${VERSION}/${view.kind}${query && `?${query}`}`;
  return note === undefined ? { hash } : { hash, note };
}

function refuse(
  message: string,
  hint = 'Ask the sender for the link again, or go on from this page.',
): DecodedView {
  return { ok: false, error: new WorkbenchError('share-link', message, { hint }) };
}

function unescapeValue(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/**
 * Link to view; '' and '#' are the prompt view. Unknown keys are ignored, so that later fields do not break old pages.
 *
 * Never throws: a malformed, truncated, oversized, future-version or hostile link is `ok: false` with one sentence.
 */
export function decodeView(hash: string): DecodedView {
  const text = hash.startsWith('#') ? hash.slice(1) : hash;
  if (text === '' || text === '/') return { ok: true, view: { kind: 'prompt' } };
  if (text.length > MAX_LINK_CHARS)
    return refuse(
      `This link has ${text.length} characters, more than the ${MAX_LINK_CHARS} that a link may have.`,
    );
  const match = /^\/v(\d{1,4})\/([a-z]{1,20})(?:\?(.*))?$/s.exec(text);
  if (!match) return refuse('This is not a Headlight link, or a part of it is missing.');
  const [, version, kind = '', query = ''] = match;
  if (Number(version) > VERSION)
    return refuse(
      `This link was made by a newer Headlight (link version ${version}).`,
      'Reload the page to update it.',
    );
  if (Number(version) < VERSION || !isKind(kind))
    return refuse(`This link names an unknown view, '${kind}'.`);
  return readFields(kind, query);
}

function readFields(kind: ViewKind, query: string): DecodedView {
  const fields = tableOf(kind);
  const names = new Map(Object.entries(fields).map(([name, f]) => [(f as Field<string>).key, name]));
  const parts = query === '' ? [] : query.split('&');
  if (parts.length > MAX_FIELDS)
    return refuse(`This link has ${parts.length} fields, more than ${MAX_FIELDS}.`);
  const view: Record<string, string | number> = { kind };
  for (const part of parts) {
    const cut = part.indexOf('=');
    const name = names.get(cut < 0 ? part : part.slice(0, cut));
    if (name === undefined || Object.hasOwn(view, name)) continue;
    const field = fields[name] as Field<string | number>;
    const text = cut < 0 ? undefined : unescapeValue(part.slice(cut + 1));
    const value = text === undefined ? undefined : field.read(text);
    if (value === undefined) return refuse(`This link is damaged: its ${name} is not ${field.want}.`);
    if (value !== field.fallback) view[name] = value;
  }
  if (kind === 'feature' && view['feature'] === undefined)
    return refuse('This link opens a feature but does not say which one.');
  return { ok: true, view: view as unknown as ViewRef };
}
