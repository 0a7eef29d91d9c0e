import type { PromptReport } from '#engine/protocol/prompts.ts';
import { formatNats } from '#ui/format.ts';
import { useApp } from '#ui/state/store.ts';

const HEIGHT = 44;

export interface LossStripProps {
  readonly report: PromptReport;
  readonly position: number | undefined;
  readonly onSelect: (position: number) => void;
}

/** Loss of each token as bars over the prompt, nats; the strip above is its keyboard and text twin. */
export function LossStrip({ report, position, onSelect }: LossStripProps) {
  const hover = useApp((s) => s.hover);
  const hoverToken = useApp((s) => s.hoverToken);
  const { nats } = report;
  const n = nats.length;
  if (n < 2) return <p className="muted">A loss needs at least two tokens.</p>;
  const top = nats.reduce((a, b) => (Number.isFinite(b) ? Math.max(a, b) : a), 1);
  const at = (x: number, box: DOMRect) =>
    Math.max(0, Math.min(n - 1, Math.floor(((x - box.left) / box.width) * n)));
  const shown = hoverToken ?? position;
  return (
    <figure className="loss-strip">
      <figcaption className="spread muted">
        <span>Loss by token, 0 to {formatNats(top)} nats</span>
        <span className="num">
          {shown !== undefined &&
            shown < n &&
            `token ${shown}: ${formatNats(nats[shown] ?? Number.NaN)} nats`}
        </span>
      </figcaption>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the token strip above chooses by keyboard */}
      <svg
        viewBox={`0 0 ${n} ${HEIGHT}`}
        preserveAspectRatio="none"
        height={HEIGHT}
        role="img"
        aria-label={`Loss of each of ${n} tokens in nats; mean ${formatNats(report.loss)}, largest ${formatNats(top)}`}
        onPointerMove={(e) => hover({ token: at(e.clientX, e.currentTarget.getBoundingClientRect()) })}
        onPointerLeave={() => hover({})}
        onClick={(e) => onSelect(at(e.clientX, e.currentTarget.getBoundingClientRect()))}
      >
        {Array.from(nats, (v, i) => {
          const h = Number.isFinite(v) ? Math.max(0.5, (v / top) * HEIGHT) : 0;
          const cls = i === position ? 'bar chosen' : i === hoverToken ? 'bar hovered' : 'bar';
          // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its position
          return <rect key={i} className={cls} x={i + 0.06} width={0.88} y={HEIGHT - h} height={h} />;
        })}
      </svg>
    </figure>
  );
}
