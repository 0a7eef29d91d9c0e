import { useEffect } from 'react';
import { valueIn } from '../state/loadable.ts';
import { useApp } from '../state/store.ts';
import { stopOf, TOUR } from './stops.ts';
import { withoutTour } from './TourPanel.tsx';
import { stopView } from './tour_links.ts';

/** Opens the tour at the stop that was last shown in this tab, or closes it. */
export function TourButton() {
  const welcomed = useApp((s) => s.welcomed);
  const setPrefs = useApp((s) => s.setPrefs);
  const last = useApp((s) => stopOf(s.lastStop) ?? TOUR[0]);
  const saes = useApp((s) => valueIn(s.saes));
  const view = last && stopView(last, saes);
  const go = useApp((s) => s.go);
  const isOpen = useApp((s) => stopOf(s.view.tour) !== undefined);
  useEffect(() => {
    if (isOpen && !welcomed) setPrefs({ welcomed: true });
  }, [isOpen, welcomed, setPrefs]);
  return (
    <button
      type="button"
      className="toggle"
      aria-pressed={isOpen}
      disabled={view === undefined}
      title="Eight stops through the embedded model"
      onClick={() => {
        if (isOpen) go(withoutTour(useApp.getState().view));
        else if (view) go(view);
      }}
    >
      Tour
    </button>
  );
}
