import { type ReactNode, useEffect } from 'react';
import { encodeView } from '#share/codec.ts';
import type { ViewRef } from '#share/view_ref.ts';
import { ViewLink } from '../components/ViewLink.tsx';
import { valueIn } from '../state/loadable.ts';
import { type AppState, useApp } from '../state/store.ts';
import { Evidence } from './Evidence.tsx';
import { isAtStop, stopOf, TOUR, type TourStop } from './stops.ts';
import { sightView, stopView } from './tour_links.ts';
import './tour.css';

/** The guided tour beside the view: one stop's text, what to look at, and the way to the others. Drawn when a link names a stop. */
export function TourPanel() {
  const stop = useApp((s) => stopOf(s.view.tour));
  return stop ? <Stop stop={stop} /> : null;
}

function Stop({ stop }: { readonly stop: TourStop }) {
  const at = TOUR.indexOf(stop);
  const view = stopView(
    stop,
    useApp((s) => valueIn(s.saes)),
  );
  const isThere = useApp((s) => isAtStop(stop, s.view));
  useLook(stop);
  return (
    <aside className="tour" aria-label="Guided tour" data-look={isThere ? stop.look : undefined}>
      <header className="spread">
        <span className="muted">
          Tour · <strong>{at + 1}</strong> of {TOUR.length}
        </span>
        <CloseButton />
      </header>
      <h2>{stop.title}</h2>
      <p className="tour-text">{stop.text}</p>
      <Evidence stop={stop} />
      {isThere && (
        <p>
          <button type="button" onClick={() => show(stop)}>
            Show it in the view
          </button>
        </p>
      )}
      <Also stop={stop} />
      {!isThere && (
        <p className="note">
          This is another view than the stop's.{' '}
          <StopLink view={view} className={undefined}>
            Back to the stop
          </StopLink>
        </p>
      )}
      <nav aria-label="Stops of the tour">
        <div className="spread">
          <Step to={TOUR[at - 1]} shortcut="p">
            ◀ Previous
          </Step>
          <Step to={TOUR[at + 1]} shortcut="n">
            Next ▶
          </Step>
        </div>
        <Stops at={at} />
      </nav>
    </aside>
  );
}

/** The tour goes, the view stays as it is. */
function CloseButton() {
  const go = useApp((s) => s.go);
  return (
    <button
      type="button"
      className="quiet"
      aria-label="Close the tour"
      title="Close the tour and stay here"
      onClick={() => {
        go(withoutTour(useApp.getState().view));
        document.getElementById('main')?.focus();
      }}
    >
      ✕
    </button>
  );
}

/** The view with no tour beside it. */
export function withoutTour({ tour: _tour, ...view }: ViewRef): ViewRef {
  return view as ViewRef;
}

/** The eight stops as numbered links; their titles are their names. */
function Stops({ at }: { readonly at: number }) {
  const saes = useApp((s) => valueIn(s.saes));
  return (
    <ol className="tour-stops">
      {TOUR.map((stop, i) => (
        <li key={stop.id}>
          <StopLink view={stopView(stop, saes)} current={i === at} className={undefined}>
            {stop.title}
          </StopLink>
        </li>
      ))}
    </ol>
  );
}

function Step(o: {
  readonly to: TourStop | undefined;
  readonly shortcut: 'n' | 'p';
  readonly children: ReactNode;
}) {
  const saes = useApp((s) => valueIn(s.saes));
  if (o.to === undefined) return <span />;
  return (
    <StopLink
      view={stopView(o.to, saes)}
      className="button"
      title={`${o.to.title} (${o.shortcut})`}
      shortcut={o.shortcut}
    >
      {o.children}
    </StopLink>
  );
}

interface StopLinkProps {
  readonly view: ViewRef | undefined;
  readonly className: string | undefined;
  readonly title?: string | undefined;
  readonly shortcut?: string | undefined;
  readonly current?: boolean | undefined;
  readonly children: ReactNode;
}

/** A link to a stop; plain text while the list of SAEs is on its way. */
function StopLink({ view, children, className, title, shortcut, current }: StopLinkProps) {
  if (view === undefined) return <span className="muted">{children}</span>;
  return (
    <ViewLink
      view={view}
      className={className}
      title={title}
      shortcut={shortcut}
      current={current ? 'step' : undefined}
    >
      {children}
    </ViewLink>
  );
}

/** Further features of the stop, as links. */
function Also({ stop }: { readonly stop: TourStop }) {
  const saes = useApp((s) => valueIn(s.saes));
  if (stop.view !== 'feature' || stop.also === undefined) return null;
  return (
    <ul className="tour-also">
      {[{ ...stop, words: stop.words ?? stop.title }, ...stop.also].map((sight) => (
        <li key={`${sight.layer} ${sight.feature}`}>
          <StopLink view={sightView(sight, stop.id, saes)} className={undefined}>
            {sight.words}
          </StopLink>
        </li>
      ))}
    </ul>
  );
}

/** Panels above the one to look at may still grow for this long. */
const SETTLING_MS = 10_000;

/** Brings the panel to look at into sight when the stop's view has what it shows. */
function useLook(stop: TourStop): void {
  const key = useApp((s) => lookKey(s, stop));
  useEffect(() => {
    if (key === '') return;
    // Above the view, as on narrow windows, the text is read first.
    if (matchMedia('(min-width: 1180px)').matches) return keepInSight(stop);
    document.querySelector('.tour')?.scrollIntoView({ block: 'nearest' });
    return;
  }, [key, stop]);
}

/** Shows the panel now and whenever the page changes its height, until the person does something. Returns its end. */
function keepInSight(stop: TourStop): () => void {
  show(stop);
  const observer = new ResizeObserver(() => show(stop));
  observer.observe(document.body);
  const ended = new AbortController();
  const end = (): void => {
    observer.disconnect();
    ended.abort();
  };
  for (const type of ['wheel', 'pointerdown', 'keydown', 'touchstart'])
    addEventListener(type, end, { signal: ended.signal, passive: true });
  const timer = setTimeout(end, SETTLING_MS);
  return () => {
    clearTimeout(timer);
    end();
  };
}

function show({ look }: TourStop): void {
  document.querySelector(`[data-anchor="${look}"]`)?.scrollIntoView({ block: 'nearest' });
}

/** Changes when the stop, or another of its features, is there and drawn; '' before, and on other views. */
function lookKey(s: AppState, stop: TourStop): string {
  if (!isAtStop(stop, s.view)) return '';
  if (s.view.kind !== 'feature') return stop.id;
  const { feature } = s.view;
  const isDrawn = s.gpu === 'none' || (s.dfa.status === 'ready' && s.dfa.value.feature === feature);
  const facts = [...s.dashboards.values()].some((d) => d.status === 'ready' && d.value.feature === feature);
  return isDrawn && facts ? encodeView(s.view).hash : '';
}
