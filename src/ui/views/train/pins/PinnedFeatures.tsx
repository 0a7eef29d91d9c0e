import { ErrorNote } from '#ui/components/ErrorNote.tsx';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { formatCount } from '#ui/plots/numbers.ts';
import { isActive, isFinishing, type LiveRun } from '#ui/state/live_run.ts';
import { useApp } from '#ui/state/store.ts';
import { useNow } from '../RunChips.tsx';
import { PinCard } from './PinCard.tsx';
import { PinForm } from './PinForm.tsx';
import './pins.css';

/** Features that are watched while the SAE forms: a form to pin them and a card each. */
export function PinnedFeatures({ run }: { readonly run: LiveRun }) {
  const failed = useApp((s) => (s.pinError?.run === run.info.id ? s.pinError.error : undefined));
  const dismiss = useApp((s) => s.dismissPinError);
  const change = useApp((s) => s.changePins);
  const pinned = run.info.pins ?? [];
  const canPin = isActive(run) && !isFinishing(run);
  if (!canPin && pinned.length === 0) return null;
  const facts = new Map(run.pins?.event.features.map((f) => [f.feature, f]));
  return (
    <section className="pins" aria-label="Pinned features">
      <header className="row">
        <h3>Pinned features</h3>
        <Help sampleTokens={run.pins?.event.sampleTokens} />
        <Age run={run} />
      </header>
      {canPin && <PinForm run={run.info.id} d_sae={run.info.job.d_sae} pinned={pinned} />}
      {failed && <ErrorNote error={failed} onDismiss={dismiss} />}
      {pinned.length > 0 && !run.pins && !canPin && (
        <p className="muted">Pinned: {pinned.join(', ')}. They are looked at again when the run goes on.</p>
      )}
      {(run.pins || canPin) && (
        <ul className="pin-cards">
          {pinned.map((feature) => (
            <PinCard
              key={feature}
              run={run}
              feature={feature}
              facts={facts.get(feature)}
              onUnpin={canPin ? () => void change(run.info.id, { remove: [feature] }) : undefined}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function Help({ sampleTokens }: { readonly sampleTokens: number | undefined }) {
  return (
    <HelpHint term="Pinned features." formula="act = rule(pre_acts); density = tokens with act > 0 ÷ tokens">
      Up to eight features, looked at every few seconds by the weights as they then are, while training goes
      on. Density, histogram and examples are over{' '}
      {sampleTokens === undefined ? 'a small sample of' : formatCount(sampleTokens)} held-out tokens, which
      grows as far as a sixth of the time allows, so rare features may show nothing. Acts are by the SAE’s own
      rule: a TopK SAE ranks all its features. Logits are the direct effect of one unit of act.
    </HelpHint>
  );
}

/** Which weights the cards show, and how long ago that was. */
function Age({ run }: { readonly run: LiveRun }) {
  const isLive = run.clock.since !== undefined;
  const now = useNow(isLive);
  if (!run.pins) return null;
  const { event, at } = run.pins;
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  const isNewest = event.step >= run.info.step;
  return (
    <span className="muted" title={`This look took ${formatCount(event.ms)} ms; training waited as long.`}>
      as of step {formatCount(event.step)}
      {isNewest ? ', the newest weights' : isLive && `, ${seconds} s ago`}
    </span>
  );
}
