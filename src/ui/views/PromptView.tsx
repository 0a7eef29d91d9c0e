import type { PromptReport } from '#engine/protocol/prompts.ts';
import type { PromptViewRef } from '#share/view_ref.ts';
import { Loadable } from '../components/Loadable.tsx';
import { Panel } from '../components/Panel.tsx';
import { valueIn } from '../state/loadable.ts';
import { promptInput, promptOf } from '../state/prompt.ts';
import { belongsTo } from '../state/session.ts';
import { useApp } from '../state/store.ts';
import { FeatureList } from './prompt/FeatureList.tsx';
import { PromptBox } from './prompt/PromptBox.tsx';
import { SidePanel } from './prompt/SidePanel.tsx';
import { TokensPanel } from './prompt/TokensPanel.tsx';
import './prompt/prompt.css';

/** The prompt explorer: text, tokens, features per token, next tokens, attention patterns, steering. */
export function PromptView() {
  const report = useApp((s) => s.report);
  const view = useApp((s) => s.view);
  if (view.kind !== 'prompt') return null;
  return (
    <div className="view prompt-view">
      <div className="stack">
        <PromptBox />
        {report.status === 'ready' ? <Explored report={report.value} view={view} /> : <Waiting />}
      </div>
      {report.status === 'ready' && <SidePanel report={report.value} view={view} />}
    </div>
  );
}

function Explored({ report, view }: { readonly report: PromptReport; readonly view: PromptViewRef }) {
  const position = clampPosition(view.position, report);
  const recorded = useApp((s) => s.gpu === 'none');
  return (
    <>
      {recorded && (
        <p className="note">
          This is a recording of the model's own prompt. Other prompts, attention and steering need WebGPU.
        </p>
      )}
      <TokensPanel report={report} view={view} position={position} />
      <FeatureList report={report} view={view} position={position} />
    </>
  );
}

/** The position of a link when the prompt has that many tokens. */
export function clampPosition(position: number | undefined, report: PromptReport): number | undefined {
  return position !== undefined && position < report.ids.length ? position : undefined;
}

/** Why there is nothing to show yet, in one sentence each. */
function Waiting() {
  const model = useApp((s) => s.model);
  const sae = useApp((s) => s.sae);
  const report = useApp((s) => s.report);
  const prompt = useApp(promptOf);
  const gpu = useApp((s) => s.gpu);
  const models = useApp((s) => s.models);
  const runPrompt = useApp((s) => s.runPrompt);
  const m = valueIn(model);
  const body = () => {
    if (!m && models.status === 'failed') return <Loadable of={models} what="the list of models" />;
    if (!m)
      return <Loadable of={model} what="the model" idle={<p className="loading">Starting the engine</p>} />;
    if (promptInput(prompt, m.hasTokenizer).length === 0)
      return <EmptyPrompt hasTokenizer={m.hasTokenizer} />;
    if (sae.status !== 'ready' && sae.status !== 'idle') return <Loadable of={sae} what="the SAE" />;
    if (gpu === 'none' && report.status !== 'loading') return <NotRecorded />;
    if (sae.status === 'ready' && !belongsTo(sae.value, m))
      return <p>The chosen SAE belongs to another model; choose one of this model's.</p>;
    return <Loadable of={report} what="the features of the prompt" onRetry={runPrompt} />;
  };
  return <Panel title="Tokens and features">{body()}</Panel>;
}

/** Without WebGPU: the way back to the one prompt that can be shown. */
function NotRecorded() {
  const patch = useApp((s) => s.patchView);
  return (
    <p className="row">
      <span>Prompts cannot be computed without WebGPU.</span>
      <button type="button" onClick={() => patch('prompt', { prompt: undefined, position: undefined })}>
        Show the recorded prompt
      </button>
    </p>
  );
}

function EmptyPrompt({ hasTokenizer }: { readonly hasTokenizer: boolean }) {
  if (!hasTokenizer)
    return (
      <p>
        This model came without a tokenizer: write token ids with spaces between them, for example{' '}
        <code>12 7 300</code>.
      </p>
    );
  return <p>The prompt is empty: type some text above, and its tokens and features appear here.</p>;
}
