import type { EngineClient } from '#engine/client.ts';
import type { BosOption, GpuInfo, Input, NamedFile, NdArray } from '#engine/protocol/common.ts';
import type { FeatureDashboard } from '#engine/protocol/features.ts';
import type { TruthTable } from '#engine/protocol/metrics.ts';
import type { ModelJob, ModelTrainEvent, ModelTrainSummary } from '#engine/protocol/model_training.ts';
import type { ExportFormat, ModelInfo, SaeInfo } from '#engine/protocol/models.ts';
import type { PinChange, PinWish } from '#engine/protocol/pins.ts';
import type {
  Edit,
  Encoded,
  ForwardResult,
  GenerateResult,
  LossSpec,
  Tokens,
} from '#engine/protocol/prompts.ts';
import type { RaceEvent, RaceJob, RaceSummary } from '#engine/protocol/races.ts';
import type { TrainEvent, TrainJob, TrainSummary } from '#engine/protocol/training.ts';
import type { Api, Call } from '#engine/protocol.ts';
import { decodeView, encodeView } from '#share/codec.ts';
import type { ViewRef } from '#share/view_ref.ts';
import { useApp } from './state/store.ts';

/** Version of the scripting API; it follows semantic versioning. */
export const VERSION = '0.1.0';

/** What scripts may pass as files: those of an input, a drop, or made by hand. */
export type ScriptSource = string | readonly File[] | readonly NamedFile[];

/** A training run: iterate it for its events, await `result`, or steer it. */
export interface ScriptRun<E = TrainEvent, S = TrainSummary> extends AsyncIterable<E> {
  readonly result: Promise<S>;
  /** Takes effect at the next checkpoint, which it asks for. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the run early; the SAE or model as it then is becomes the result. */
  stop(): Promise<void>;
}

/** A run of an SAE: its features can be watched while it goes. */
export interface ScriptSaeRun extends ScriptRun {
  /** Pins features by number, or the 'densest', the 'quietest' or a 'random' one; their facts come as 'pins' events. */
  pin(...features: readonly PinWish[]): Promise<readonly number[]>;
  /** Unpins features; without any, all of them. Both give what then is pinned. */
  unpin(...features: readonly number[]): Promise<readonly number[]>;
}

/** `window.headlight`: what the page can do, the console can do. Documented in docs/scripting.md. */
export interface Headlight {
  readonly version: string;
  readonly ready: Promise<{ readonly gpu: boolean }>;
  adapter(): Promise<GpuInfo>;
  models(): Promise<readonly ModelInfo[]>;
  loadModel(source: ScriptSource): Promise<ModelInfo>;
  tokenize(text: string, options?: BosOption): Promise<Tokens>;
  forward(input: Input, options?: ForwardOptions): Promise<ForwardResult>;
  backward(input: Input, options: BackwardOptions): Promise<Readonly<Record<string, NdArray>>>;
  generate(input: Input, options: GenerateOptions): Promise<GenerateResult>;
  saes(): Promise<readonly SaeInfo[]>;
  loadSae(source: ScriptSource): Promise<SaeInfo>;
  encode(input: Input, options: SaeOption): Promise<Encoded>;
  decode(input: Input, options: SaeOption): Promise<{ readonly recon: NdArray; readonly x: NdArray }>;
  attribute(
    input: Input,
    options: SaeOption & { readonly feature: number; readonly dest: number },
  ): Promise<Api['attribute']['out']>;
  train(job: TrainJob): ScriptSaeRun;
  /** Goes on from the last checkpoint of a run with other fields (lr, k) or more tokens, as a run of its own. */
  branch(options: Api['branchRun']['in']): ScriptSaeRun;
  /** Trains two to six SAEs side by side on the same rows, and says who leads at equal L0. */
  race(job: RaceJob): ScriptRun<RaceEvent, RaceSummary>;
  /** Trains a transformer from scratch on Storyland; what the job leaves out takes its default. */
  trainModel(job?: ModelJob): ScriptRun<ModelTrainEvent, ModelTrainSummary>;
  evaluate(options: Api['evaluate']['in']): Promise<Api['evaluate']['out']>;
  feature(options: Api['feature']['in']): Promise<FeatureDashboard>;
  /** What each feature tracks: the stored table, or one measured on `tokens` of fresh Storyland text. */
  truth(options: Api['truth']['in']): Promise<TruthTable>;
  exportSae(options: {
    readonly sae: string;
    readonly format?: ExportFormat;
  }): Promise<Api['exportSae']['out']>;
  /** For tests and bug reports, not part of the stable API: bytes on the GPU, a simulated lost device, kernel times. */
  debug(action: Api['debug']['in']['action']): Promise<Api['debug']['out']>;
  /** What the page shows now. */
  view(): ViewRef;
  /** The address of a view (default: the current one). */
  link(view?: ViewRef): string;
  /** Shows a view, or the view of a link. Rejects with 'share-link' for a link that cannot be read. */
  open(link: string | ViewRef): Promise<void>;
}
export interface SaeOption extends BosOption {
  readonly sae: string;
}
export interface ForwardOptions extends BosOption {
  readonly hooks?: readonly string[];
  readonly logits?: boolean;
  readonly edits?: readonly Edit[];
}
export interface BackwardOptions extends BosOption {
  readonly hooks: readonly string[];
  readonly loss?: LossSpec;
}
export interface GenerateOptions extends BosOption {
  readonly tokens: number;
  readonly temperature?: number;
  readonly seed?: number;
  readonly edits?: readonly Edit[];
}

const filesOf = (source: ScriptSource): string | readonly NamedFile[] =>
  typeof source === 'string'
    ? source
    : source.map((f) => (f instanceof File ? { name: f.webkitRelativePath || f.name, blob: f } : f));

type Started = { readonly run: string } | { readonly race: string };

/** Waits for the 'start' event to know the run's id, without taking events from whoever iterates. */
function scriptRun<E extends TrainEvent | ModelTrainEvent | RaceEvent, S>(
  engine: EngineClient,
  call: AsyncIterable<E> & { readonly result: Promise<S> },
): ScriptRun<E, S> & { readonly started: Promise<Started> } {
  const buffered: E[] = [];
  const waiting: (() => void)[] = [];
  let started: (of: Started) => void = () => undefined;
  let failed: (error: unknown) => void = () => undefined;
  let ended = false;
  const id = new Promise<Started>((resolve, reject) => {
    started = resolve;
    failed = reject;
  });
  id.catch(() => undefined);
  const ring = (): void => {
    for (const wake of waiting.splice(0)) wake();
  };
  const pump = async (): Promise<void> => {
    try {
      for await (const event of call) {
        if (event.type === 'start') started('race' in event ? { race: event.race } : { run: event.run.id });
        buffered.push(event);
        ring();
      }
    } catch (error) {
      failed(error);
    }
    ended = true;
    ring();
  };
  void pump();
  const steer = async (action: 'pause' | 'resume' | 'stop'): Promise<void> => {
    const of = await id;
    if ('race' in of) await engine.call('controlRace', { ...of, action }).result;
    else await engine.call('controlRun', { ...of, action }).result;
  };
  return {
    started: id,
    result: call.result,
    pause: () => steer('pause'),
    resume: () => steer('resume'),
    stop: () => steer('stop'),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const event = buffered.shift();
        if (event) yield event;
        else if (!ended) await new Promise<void>((resolve) => waiting.push(resolve));
        else {
          // A failed run ends its iteration with the error.
          await call.result;
          return;
        }
      }
    },
  };
}

/** The run of an SAE, whose features can be pinned. */
function saeRun(engine: EngineClient, call: Call<'train'> | Call<'branchRun'>): ScriptSaeRun {
  const { started, ...run } = scriptRun(engine, call);
  const change = async (wish: PinChange): Promise<readonly number[]> => {
    const of = await started;
    return engine.call('pinFeatures', { run: 'run' in of ? of.run : '', ...wish }).result;
  };
  return {
    ...run,
    pin: (...add) => change({ add }),
    unpin: async (...remove) => change({ remove: remove.length > 0 ? remove : await change({}) }),
  };
}

function viewOf(link: string | ViewRef): ViewRef {
  if (typeof link !== 'string') return link;
  const at = link.indexOf('#');
  const decoded = decodeView(at < 0 ? link : link.slice(at));
  if (decoded.ok) return decoded.view;
  throw decoded.error;
}

/** Makes the API over an engine. */
export function makeHeadlight(engine: EngineClient): Headlight {
  const ask = <K extends keyof Api>(name: K, input: Api[K]['in']): Promise<Api[K]['out']> =>
    engine.call(name, input).result;
  return {
    version: VERSION,
    ready: engine.ready.then(({ gpu }) => ({ gpu })),
    adapter: () => ask('adapter', {}),
    models: () => ask('models', {}),
    loadModel: (source) => ask('loadModel', { source: filesOf(source) }),
    tokenize: (text, options) => ask('tokenize', { text, ...options }),
    forward: (input, options) => ask('forward', { input, ...options }),
    backward: (input, { loss = 'ce', ...options }) => ask('backward', { input, loss, ...options }),
    generate: (input, options) => ask('generate', { input, ...options }),
    saes: () => ask('saes', {}),
    loadSae: (source) => ask('loadSae', { source: filesOf(source) }),
    encode: (input, options) => ask('encode', { input, ...options }),
    decode: (input, options) => ask('decode', { input, ...options }),
    attribute: (input, options) => ask('attribute', { input, ...options }),
    train: (job) => saeRun(engine, engine.call('train', job)),
    branch: (options) => saeRun(engine, engine.call('branchRun', options)),
    race: (job) => scriptRun(engine, engine.call('race', job)),
    trainModel: (job = {}) => scriptRun(engine, engine.call('trainModel', job)),
    evaluate: (options) => ask('evaluate', options),
    feature: (options) => ask('feature', options),
    truth: (options) => ask('truth', options),
    exportSae: ({ sae, format = 'saelens' }) => ask('exportSae', { sae, format }),
    debug: (action) => ask('debug', { action }),
    view: () => useApp.getState().view,
    link: (view = useApp.getState().view) => new URL(encodeView(view).hash, location.href).href,
    async open(link) {
      useApp.getState().go(viewOf(link));
    },
  };
}

declare global {
  interface Window {
    headlight: Headlight;
  }
}

/** Puts the API on the window; main.tsx passes the page's one engine. */
export function installHeadlight(engine: EngineClient): Headlight {
  window.headlight = makeHeadlight(engine);
  return window.headlight;
}
