import { ViewLink } from '../components/ViewLink.tsx';
import { valueIn } from '../state/loadable.ts';
import { useApp } from '../state/store.ts';
import { TOUR } from './stops.ts';
import { stopView } from './tour_links.ts';

/** One line for the first visit, on the prompt view; gone for good once it is dismissed or the tour was opened. */
export function WelcomeStrip() {
  const isShown = useApp(
    (s) => !s.welcomed && s.view.kind === 'prompt' && s.view.tour === undefined && s.view.embed !== 1,
  );
  const setPrefs = useApp((s) => s.setPrefs);
  const [first] = TOUR;
  const saes = useApp((s) => valueIn(s.saes));
  const view = first && stopView(first, saes);
  if (!isShown || view === undefined) return null;
  return (
    <aside className="note spread welcome" aria-label="Welcome">
      <p>
        <strong>New here?</strong> A small language model runs in this tab. {TOUR.length} short stops show
        what its attention heads do and which features read it, with your own text whenever you like.
      </p>
      <span className="row tight">
        <ViewLink view={view} className="button">
          Take the tour
        </ViewLink>
        <button type="button" className="quiet" onClick={() => setPrefs({ welcomed: true })}>
          Not now
        </button>
      </span>
    </aside>
  );
}
