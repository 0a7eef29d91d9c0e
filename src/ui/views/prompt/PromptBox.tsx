import { useEffect, useState } from 'react';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ModelPicker, SaePicker } from '#ui/components/Pickers.tsx';
import { Stat } from '#ui/components/Stat.tsx';
import { formatNats } from '#ui/format.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { promptOf } from '#ui/state/prompt.ts';
import { useApp } from '#ui/state/store.ts';

/** The prompt's text: every key is analysed, ⌘/Ctrl-Enter runs at once. */
export function PromptBox() {
  const prompt = useApp(promptOf);
  const setPrompt = useApp((s) => s.setPrompt);
  const runPrompt = useApp((s) => s.runPrompt);
  const model = useApp((s) => valueIn(s.model));
  const several = useApp((s) => (valueIn(s.models)?.length ?? 0) > 1);
  const ids = model?.hasTokenizer === false;
  return (
    <Panel
      title="Prompt"
      help={
        <HelpHint term="Prompt.">
          Every change is tokenised, run through the model up to the SAE's hook, and encoded; nothing leaves
          this tab. Only the first n_ctx tokens are run.
        </HelpHint>
      }
      actions={
        <>
          {several && <ModelPicker />}
          <SaePicker />
          <button type="button" onClick={() => setPrompt('')} disabled={prompt === ''}>
            Clear
          </button>
        </>
      }
    >
      <textarea
        className="prompt-text"
        aria-label={ids ? 'Token ids' : 'Prompt text'}
        placeholder={ids ? '12 7 300 …' : 'Type a prompt'}
        value={prompt}
        rows={3}
        spellCheck={false}
        dir="auto"
        data-shortcut="t"
        onChange={(e) => setPrompt(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) runPrompt();
        }}
      />
      {ids && <p className="muted">This model came without a tokenizer: prompts are token ids.</p>}
      <Facts nCtx={model?.config.n_ctx} />
    </Panel>
  );
}

function Facts({ nCtx }: { readonly nCtx: number | undefined }) {
  const report = useApp((s) => valueIn(s.report));
  const pending = useApp((s) => s.promptPending);
  if (!report) return null;
  const n = report.ids.length;
  return (
    <>
      <div className="stats facts" data-pending={pending}>
        <Stat label="tokens" value={n} />
        <Stat
          label="loss"
          value={`${formatNats(report.loss)} nats`}
          help="Mean over predicted tokens of the negative log probability that the model gave to the token that came. Lower is better."
          formula="loss = mean over t ≥ 1 of −log p(token t | tokens < t)"
        />
        <Stat
          label="active"
          value={`${meanActive(report.tokens).toFixed(1)} a token`}
          help="Mean number of features with act > 0 at a token of this prompt."
          formula="l0 = mean count of acts > 0"
        />
        <Stat
          label="time"
          value={`${report.ms.toFixed(0)} ms`}
          help="Time the engine took for the last answer."
        />
      </div>
      {report.leftOut > 0 && (
        <p className="note warn" role="status">
          The model's context is {nCtx} tokens: the first {n} were run, {report.leftOut} were left out.
        </p>
      )}
      <Spoken text={`${n} tokens, loss ${formatNats(report.loss)} nats`} />
    </>
  );
}

function meanActive(tokens: readonly { readonly features: readonly unknown[] }[]): number {
  return tokens.length === 0 ? 0 : tokens.reduce((sum, t) => sum + t.features.length, 0) / tokens.length;
}

/** Says the summary after a second of rest, so that typing is not talked over. */
function Spoken({ text }: { readonly text: string }) {
  const [said, say] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => say(text), 1000);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p className="sr-only" role="status">
      {said}
    </p>
  );
}
