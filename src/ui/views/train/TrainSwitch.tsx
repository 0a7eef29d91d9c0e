import { Segmented } from '#ui/components/Segmented.tsx';
import { modelDraftText, TRANSFORMER } from '#ui/state/model_draft.ts';
import { useApp } from '#ui/state/store.ts';
import { draftText } from '#ui/state/train_draft.ts';

const OPTIONS = [
  { value: 'sae', text: 'sparse autoencoder', title: "On one layer's attention output of the loaded model" },
  { value: TRANSFORMER, text: 'transformer', title: 'From scratch, on Storyland' },
] as const;

/** What the form trains; each form keeps what was typed. */
export function TrainSwitch() {
  const isModel = useApp((s) => s.view.kind === 'train' && s.view.variant === TRANSFORMER);
  const sae = useApp((s) => s.draft);
  const model = useApp((s) => s.modelDraft);
  const patch = useApp((s) => s.patchView);
  return (
    <div className="train-switch">
      <Segmented
        label="What to train"
        options={OPTIONS}
        value={isModel ? TRANSFORMER : 'sae'}
        onChange={(value) =>
          value === TRANSFORMER
            ? patch('train', { variant: TRANSFORMER, job: model && modelDraftText(model), run: undefined })
            : patch('train', { variant: sae?.variant, job: sae && draftText(sae), run: undefined })
        }
      />
    </div>
  );
}
