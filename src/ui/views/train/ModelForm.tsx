import type { ModelRecipe } from '#engine/protocol/model_training.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { valueIn } from '#ui/state/loadable.ts';
import { draftOfJob, fieldsOf, type ModelDraft, modelJobOf } from '#ui/state/model_draft.ts';
import { useApp } from '#ui/state/store.ts';
import { FieldInput } from './FieldInput.tsx';
import { PlanBox } from './PlanBox.tsx';
import { TrainSwitch } from './TrainSwitch.tsx';

/** Where the predicted time comes from. */
const TIME =
  'From the last run of this architecture on this device; before the first from a calibration: steps of a small model at two batch sizes, scaled by floating-point operations, 6 · parameters + 12 · n_layers · d_model · n_ctx a token. Evaluations come on top: about a tenth.';

/** The form of a transformer that is trained from scratch. */
export function ModelForm() {
  const recipe = useApp((s) => s.modelRecipe);
  const draft = useApp((s) => s.modelDraft);
  const gpu = useApp((s) => s.gpu);
  const known = valueIn(recipe);
  return (
    <Panel
      title="New run"
      help={
        <HelpHint term="New run.">
          Trains a GPT-2 from random weights on freshly generated Storyland text, in the tokens of the
          embedded model and by its curriculum: short rows and random copies first. Everything stays on this
          device.
        </HelpHint>
      }
    >
      <TrainSwitch />
      {gpu === 'none' ? (
        <p className="note warn">Training needs WebGPU, which this browser does not offer here.</p>
      ) : draft && known ? (
        <Fields draft={draft} recipe={known} />
      ) : (
        <Loadable
          of={recipe}
          what="the fields of a transformer"
          idle={<p className="loading">Starting the engine</p>}
        />
      )}
    </Panel>
  );
}

function Fields({ draft, recipe }: { readonly draft: ModelDraft; readonly recipe: ModelRecipe }) {
  const setDraft = useApp((s) => s.setModelDraft);
  const start = useApp((s) => s.startModelRun);
  const plan = useApp((s) => s.modelPlan);
  const made = modelJobOf(draft, recipe);
  const errors = made.ok ? {} : made.errors;
  return (
    <form
      className="train-form"
      onSubmit={(e) => {
        e.preventDefault();
        void start();
      }}
    >
      <div className="field">
        <span>preset</span>
        <span className="row tight">
          {recipe.presets.map((p) => (
            <button
              key={p.title}
              type="button"
              title={p.help}
              onClick={() => setDraft(draftOfJob(p.job, recipe))}
            >
              {p.title}
            </button>
          ))}
        </span>
      </div>
      {fieldsOf(recipe).map((key) => (
        <FieldInput
          key={key}
          name={key}
          field={recipe.fields[key]}
          value={draft[key]}
          error={errors[key]}
          onChange={(v) => setDraft({ ...draft, [key]: String(v) })}
        />
      ))}
      <PlanBox errors={Object.values(errors)} plan={plan} time={TIME} />
    </form>
  );
}
