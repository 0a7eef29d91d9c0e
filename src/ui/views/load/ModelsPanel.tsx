import type { ModelInfo } from '#engine/protocol/models.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ScrollRegion } from '#ui/components/ScrollRegion.tsx';
import { type Column, TableHead } from '#ui/components/TableHead.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { formatBytes, formatCount } from '#ui/plots/numbers.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { useApp } from '#ui/state/store.ts';
import { modelGpuBytes } from './sizes.ts';

const COLUMNS: readonly Column[] = [
  { text: 'model' },
  { text: 'family' },
  { text: 'layers', num: true },
  { text: 'd_model', num: true },
  { text: 'heads', num: true },
  { text: 'n_ctx', num: true },
  { text: 'vocabulary', num: true },
  { text: 'file', num: true },
  { text: 'GPU', num: true },
  { text: 'Open', hidden: true },
];

/** The models that can be opened, with their sizes. */
export function ModelsPanel() {
  const models = useApp((s) => s.models);
  const refresh = useApp((s) => s.refreshCatalog);
  return (
    <Panel
      flush
      title="Models"
      help={
        <HelpHint term="Models.">
          Transformers on this device: the embedded one, and those you brought. Weights are used as they are
          (raw, nothing folded).
        </HelpHint>
      }
    >
      {models.status === 'ready' ? (
        <ModelTable models={models.value} />
      ) : (
        <div className="pad">
          <Loadable
            of={models}
            what="the list of models"
            onRetry={refresh}
            idle={<p>Starting the engine</p>}
          />
        </div>
      )}
    </Panel>
  );
}

function ModelTable({ models }: { readonly models: readonly ModelInfo[] }) {
  const current = useApp((s) => valueIn(s.model)?.id);
  return (
    <ScrollRegion label="Table of models">
      <table>
        <TableHead columns={COLUMNS} />
        <tbody>
          {models.map((m) => (
            <ModelRow key={m.id} model={m} current={m.id === current} />
          ))}
        </tbody>
      </table>
      {!models.some((m) => m.source === 'embedded') && (
        <p className="pad row">
          <span>The embedded model is not loaded now.</span>
          <ViewLink className="button" view={{ kind: 'prompt' }}>
            Open the embedded model
          </ViewLink>
        </p>
      )}
      {models.length === 0 && <p className="pad">There is no model on this device yet; bring one below.</p>}
    </ScrollRegion>
  );
}

function ModelRow({ model, current }: { readonly model: ModelInfo; readonly current: boolean }) {
  const c = model.config;
  return (
    <tr className={current ? 'current' : undefined}>
      <td>
        {model.title} <span className="muted">{model.source === 'embedded' ? 'shipped' : 'yours'}</span>
        {!model.hasTokenizer && <span className="muted"> · no tokenizer: prompts are ids</span>}
      </td>
      <td>{c.family}</td>
      <td className="num mono">{c.n_layers}</td>
      <td className="num mono">{formatCount(c.d_model)}</td>
      <td className="num mono">{c.n_heads}</td>
      <td className="num mono">{formatCount(c.n_ctx)}</td>
      <td className="num mono">{formatCount(c.d_vocab)}</td>
      <td className="num mono">{formatBytes(model.bytes)}</td>
      <td className="num mono">{formatBytes(modelGpuBytes(c))}</td>
      <td className="num">
        {current ? (
          <span className="muted">in use</span>
        ) : (
          <ViewLink className="button" view={{ kind: 'prompt', model: model.id }}>
            Open
          </ViewLink>
        )}
      </td>
    </tr>
  );
}
