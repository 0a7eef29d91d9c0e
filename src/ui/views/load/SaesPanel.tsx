import { Fragment } from 'react';
import type { Metric, MetricKey } from '#engine/protocol/metrics.ts';
import type { SaeInfo } from '#engine/protocol/models.ts';
import { AbilityList } from '#ui/components/AbilityList.tsx';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { ScrollRegion } from '#ui/components/ScrollRegion.tsx';
import { type Column, TableHead } from '#ui/components/TableHead.tsx';
import { ViewLink } from '#ui/components/ViewLink.tsx';
import { formatBytes, formatCount } from '#ui/plots/numbers.ts';
import { valueIn } from '#ui/state/loadable.ts';
import { belongsTo } from '#ui/state/session.ts';
import { useApp } from '#ui/state/store.ts';
import { saeGpuBytes } from './sizes.ts';

const COLUMNS: readonly {
  readonly key: MetricKey;
  readonly text: string;
  readonly term: string;
  readonly digits: number;
}[] = [
  { key: 'l0', text: 'L0', term: 'L0', digits: 1 },
  { key: 'explainedVariance', text: 'expl. var.', term: 'explained variance', digits: 3 },
  { key: 'ceRecovered', text: 'CE rec.', term: 'CE recovered', digits: 3 },
  { key: 'deltaCe', text: 'ΔCE', term: 'ΔCE, nats', digits: 4 },
  { key: 'deadFraction', text: 'dead', term: 'dead fraction', digits: 3 },
];

/** The SAEs of the current model (and of others), with quality, size, export. */
export function SaesPanel() {
  const saes = useApp((s) => s.saes);
  const refresh = useApp((s) => s.refreshCatalog);
  return (
    <Panel
      flush
      title="SAEs"
      help={
        <HelpHint term="SAEs.">
          Sparse autoencoders: shipped, trained here, or brought by you. Each belongs to one hook of one
          model. Export writes the SAELens files as one zip.
        </HelpHint>
      }
      actions={
        <ViewLink className="button" view={{ kind: 'train' }}>
          Train one
        </ViewLink>
      }
    >
      {saes.status === 'ready' ? (
        <SaeTable saes={saes.value} />
      ) : (
        <div className="pad">
          <Loadable of={saes} what="the list of SAEs" onRetry={refresh} idle={<p>Starting the engine</p>} />
        </div>
      )}
    </Panel>
  );
}

function SaeTable({ saes }: { readonly saes: readonly SaeInfo[] }) {
  if (saes.length === 0)
    return <p className="pad">There is no SAE here yet: train one, or bring one below.</p>;
  return (
    <ScrollRegion label="Table of SAEs">
      <table>
        <TableHead columns={columnsOf(saes)} />
        <tbody>
          {saes.map((s) => (
            <Fragment key={s.id}>
              <SaeRow sae={s} />
              <AbilityRow sae={s} width={columnsOf(saes).length} />
            </Fragment>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

/** The headings; a metric is explained by the definition that came with its first value. */
function columnsOf(saes: readonly SaeInfo[]): readonly Column[] {
  const metrics = COLUMNS.map(({ key, text, term }) => {
    const m = saes.find((s) => s.metrics?.[key])?.metrics?.[key];
    const help = m && (
      <HelpHint term={term} formula={m.definition}>
        Measured on {formatCount(m.n)} held-out tokens.
        {m.all !== undefined && ' The second line is the same figure with no position excluded.'}
      </HelpHint>
    );
    return { text, num: true, help };
  });
  return [
    { text: 'SAE' },
    { text: 'd_sae', num: true },
    { text: 'rule' },
    ...metrics,
    { text: 'file, GPU', num: true },
    { text: 'Actions', hidden: true },
  ];
}

function SaeRow({ sae }: { readonly sae: SaeInfo }) {
  const current = useApp((s) => valueIn(s.sae)?.id === sae.id);
  const modelTitle = useApp((s) => valueIn(s.models)?.find((m) => belongsTo(sae, m))?.title ?? sae.model);
  return (
    <tr className={current ? 'current' : undefined}>
      <td>
        <span className="two">
          <span>
            {sae.title}
            {!sae.hasIndex && <span className="muted"> · no index</span>}
          </span>
          <span className="mono muted">
            {sae.site} · {modelTitle}
          </span>
        </span>
      </td>
      <td className="num mono">{formatCount(sae.d_sae)}</td>
      <td>{sae.actRule.kind === 'topk' ? `topk ${sae.actRule.k}` : sae.actRule.kind}</td>
      {COLUMNS.map((c) => (
        <td key={c.key} className="num mono">
          <MetricCell metric={sae.metrics?.[c.key]} digits={c.digits} />
        </td>
      ))}
      <td className="num mono">
        {formatBytes(sae.bytes)}
        <br />
        {formatBytes(saeGpuBytes(sae))}
      </td>
      <SaeActions sae={sae} current={current} />
    </tr>
  );
}

/** Below an SAE's figures: what they can hide. */
function AbilityRow({ sae, width }: { readonly sae: SaeInfo; readonly width: number }) {
  if (!sae.abilities) return null;
  return (
    <tr className="below">
      <td colSpan={width}>
        <AbilityList abilities={sae.abilities} sae={sae.title} />
      </td>
    </tr>
  );
}

function SaeActions({ sae, current }: { readonly sae: SaeInfo; readonly current: boolean }) {
  const exportSae = useApp((s) => s.exportSae);
  return (
    <td className="num">
      <span className="row tight nowrap">
        {current ? (
          <span className="muted">in use</span>
        ) : (
          <ViewLink className="button" view={{ kind: 'prompt', model: sae.model, sae: sae.id }}>
            Open
          </ViewLink>
        )}
        <button
          type="button"
          onClick={() => void exportSae(sae.id, sae.title)}
          aria-label={`Export ${sae.title}`}
        >
          Export
        </button>
      </span>
    </td>
  );
}

/** The figure, and below it the same with no position excluded (decision 15). */
function MetricCell({ metric, digits }: { readonly metric: Metric | undefined; readonly digits: number }) {
  const text = (v: number) => v.toFixed(digits).replace('-', '−');
  if (!metric) return <>–</>;
  return (
    <>
      {text(metric.value)}
      {metric.all !== undefined && (
        <>
          <br />
          <span className="muted" title="with no position excluded">
            {text(metric.all)}
          </span>
        </>
      )}
    </>
  );
}
