import { Segmented } from '#ui/components/Segmented.tsx';
import { useApp } from '#ui/state/store.ts';
import { NextPanel } from './NextPanel.tsx';
import { PatternsPanel } from './PatternsPanel.tsx';
import { SteerPanel } from './SteerPanel.tsx';
import type { PromptPartProps } from './TokensPanel.tsx';

const PANELS = [
  { value: 'next', text: 'Next token' },
  { value: 'patterns', text: 'Attention' },
  { value: 'edit', text: 'Steer' },
] as const;

/** The panel beside the prompt that the link names: next tokens, attention patterns, or steering. */
export function SidePanel({ report, view }: Omit<PromptPartProps, 'position'>) {
  const patch = useApp((s) => s.patchView);
  const panel = view.panel ?? 'next';
  const position =
    view.position !== undefined && view.position < report.ids.length ? view.position : undefined;
  const part = { report, view, position };
  return (
    <div className="stack side">
      <Segmented
        label="Side panel"
        options={PANELS}
        value={panel}
        onChange={(p) => patch('prompt', { panel: p === 'next' ? undefined : p })}
      />
      {panel === 'next' && <NextPanel {...part} />}
      {panel === 'patterns' && <PatternsPanel {...part} />}
      {panel === 'edit' && <SteerPanel {...part} />}
    </div>
  );
}
