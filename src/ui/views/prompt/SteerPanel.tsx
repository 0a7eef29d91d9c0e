import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { useApp } from '#ui/state/store.ts';
import { SteerForm } from './SteerForm.tsx';
import { SteerResult } from './SteerResult.tsx';
import type { PromptPartProps } from './TokensPanel.tsx';

/** Scale, clamp, add to or ablate one feature and see what follows. */
export function SteerPanel(part: PromptPartProps) {
  const edited = useApp((s) => s.edited.status);
  const hasSae = useApp((s) => s.sae.status === 'ready');
  return (
    <Panel
      title="Steer"
      help={
        <HelpHint term="Steer." formula="z′ = z + (acts′ − acts)·W_dec">
          Changes the act of one feature at the chosen positions and runs the rest of the model again. The
          SAE's reconstruction error is kept, so an edit that changes nothing changes nothing.
        </HelpHint>
      }
    >
      {hasSae ? (
        <div className="stack">
          <SteerForm {...part} />
          {edited !== 'idle' && <SteerResult {...part} />}
        </div>
      ) : (
        <p>Steering needs an SAE of this model.</p>
      )}
    </Panel>
  );
}
