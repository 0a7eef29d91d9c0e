import { formatCount } from '#ui/plots/numbers.ts';
import type { RunState } from '#ui/state/live_run.ts';

/** What happened in the run, newest first: checkpoints, pauses, warnings, the end. */
export function RunNotes({ run }: { readonly run: RunState }) {
  if (run.notes.length === 0) return null;
  return (
    <section aria-label="Events">
      <h3>Events</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by keyboard */}
      <ol className="notes" tabIndex={0} aria-label="Events of the run">
        {[...run.notes].reverse().map((n) => (
          <li key={n.id} className={n.kind}>
            <span className="num mono">step {formatCount(n.step)}</span>
            <span>{n.kind === 'warning' ? `Warning: ${n.text}` : n.text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
