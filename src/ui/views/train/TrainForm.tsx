import type { VariantInfo } from '#engine/protocol/training.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import { COMMON_FIELDS, COMMON_KEYS, jobOf, sitesOf, type TrainDraft } from '#ui/state/train_draft.ts';
import { FieldInput } from './FieldInput.tsx';
import { PlanBox } from './PlanBox.tsx';
import { TrainSwitch } from './TrainSwitch.tsx';

/** Where the predicted time comes from. */
const TIME =
  'From the last run of this variant on this device, scaled by d_sae; before the first run from a calibration: eight small steps and one forward pass, scaled by d_in · d_sae and tokens.';

/** The new-run form: layer, variant, preset, sizes, then the variant's own fields. */
export function TrainForm() {
  const variants = useApp((s) => s.variants);
  const model = useApp((s) => s.model);
  const gpu = useApp((s) => s.gpu);
  const draft = useApp((s) => s.draft);
  const variant = valueIn(variants)?.find((v) => v.id === draft?.variant);
  return (
    <Panel
      title="New run"
      anchor="new-run"
      help={
        <HelpHint term="New run.">
          Trains a sparse autoencoder on one layer's attention output of the loaded model. Data, training and
          result stay on this device.
        </HelpHint>
      }
    >
      <TrainSwitch />
      {gpu === 'none' ? (
        <p className="note warn">Training needs WebGPU, which this browser does not offer here.</p>
      ) : draft && variant ? (
        <Fields draft={draft} variant={variant} />
      ) : (
        <Loadable
          of={variants.status === 'ready' ? model : variants}
          what={variants.status === 'ready' ? 'the model' : 'the variants'}
          idle={<p className="loading">Starting the engine</p>}
        />
      )}
    </Panel>
  );
}

interface FieldsProps {
  readonly draft: TrainDraft;
  readonly variant: VariantInfo;
}

function Fields({ draft, variant }: FieldsProps) {
  const setDraft = useApp((s) => s.setDraft);
  const config = useApp((s) => valueIn(s.model)?.config);
  const startRun = useApp((s) => s.startRun);
  const plan = useApp((s) => s.plan);
  const errors = jobErrors(draft, variant);
  return (
    <form
      className="train-form"
      onSubmit={(e) => {
        e.preventDefault();
        void startRun();
      }}
    >
      <label className="field">
        <span>hook</span>
        <select value={draft.site} onChange={(e) => setDraft({ site: e.target.value })}>
          {sitesOf(config?.n_layers ?? 0).map((site) => (
            <option key={site}>{site}</option>
          ))}
        </select>
      </label>
      <VariantPicker draft={draft} variant={variant} />
      <Corpus draft={draft} />
      {COMMON_KEYS.map((key) => (
        <FieldInput
          key={key}
          name={key}
          field={COMMON_FIELDS[key]}
          value={draft.common[key]}
          error={errors[`common:${key}`]}
          onChange={(v) => setDraft({ common: { ...draft.common, [key]: String(v) } })}
        />
      ))}
      <VariantFields draft={draft} variant={variant} errors={errors} />
      <PlanBox errors={Object.values(errors)} plan={plan} time={TIME} />
    </form>
  );
}

function jobErrors(draft: TrainDraft, variant: VariantInfo): Readonly<Record<string, string>> {
  const made = jobOf(draft, variant, undefined);
  return made.ok ? {} : made.errors;
}

function VariantPicker({ draft, variant }: FieldsProps) {
  const variants = useApp((s) => valueIn(s.variants)) ?? [];
  const setDraft = useApp((s) => s.setDraft);
  return (
    <>
      <label className="field">
        <span>variant</span>
        <select value={draft.variant} onChange={(e) => setDraft({ variant: e.target.value, config: {} })}>
          {variants.map((v) => (
            <option key={v.id} value={v.id}>
              {v.title}
            </option>
          ))}
        </select>
      </label>
      <p className="citation">
        <a href={variant.paper.url} target="_blank" rel="noreferrer">
          {variant.paper.title} ({variant.paper.year})
        </a>
        . Loss: {variant.lossTerms.join(' + ')}.
      </p>
      {variant.presets.length > 0 && (
        <div className="field">
          <span>preset</span>
          <span className="row tight">
            {variant.presets.map((p) => (
              <button key={p.title} type="button" onClick={() => setDraft({ config: presetTexts(p.config) })}>
                {p.title}
              </button>
            ))}
          </span>
        </div>
      )}
    </>
  );
}

function presetTexts(config: VariantInfo['presets'][number]['config']): TrainDraft['config'] {
  return Object.fromEntries(
    Object.entries(config).map(([k, v]) => [k, typeof v === 'boolean' ? v : String(v)]),
  );
}

/** The shipped sample, and what the person has put on this device. */
function Corpus({ draft }: { readonly draft: TrainDraft }) {
  const own = useApp((s) => valueIn(s.storage)?.items)?.filter((i) => i.kind === 'corpus') ?? [];
  const setDraft = useApp((s) => s.setDraft);
  return (
    <label className="field">
      <span>corpus</span>
      <select value={draft.corpus} onChange={(e) => setDraft({ corpus: e.target.value })}>
        <option value="embedded">embedded sample</option>
        {own.map((c) => (
          <option key={c.id} value={c.id}>
            {c.title}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The first fields are the variant's own; those of the optimiser, which every variant has, are folded. */
function VariantFields(o: {
  readonly draft: TrainDraft;
  readonly variant: VariantInfo;
  readonly errors: Readonly<Record<string, string>>;
}) {
  const { draft, variant, errors } = o;
  const setDraft = useApp((s) => s.setDraft);
  const all = Object.entries(variant.fields);
  const common = all.findIndex(([key]) => key === 'lr');
  const own = common < 0 ? all : all.slice(0, common);
  const rest = common < 0 ? [] : all.slice(common);
  const changed = rest.filter(([key]) => draft.config[key] !== undefined).length;
  const hasError = rest.some(([key]) => errors[`config:${key}`] !== undefined);
  const input = ([key, field]: (typeof all)[number]) => (
    <FieldInput
      key={key}
      name={key}
      field={field}
      value={draft.config[key]}
      error={errors[`config:${key}`]}
      onChange={(v) => setDraft({ config: { ...draft.config, [key]: v } })}
    />
  );
  return (
    <>
      {own.map(input)}
      {rest.length > 0 && (
        <details open={hasError || undefined}>
          <summary>
            Optimiser and recipe ({changed > 0 ? `${changed} changed` : 'the defaults of record'})
          </summary>
          <div className="more-fields">{rest.map(input)}</div>
        </details>
      )}
    </>
  );
}
