import { useEffect } from 'react';
import { unreachable } from '#base/errors.ts';
import type { ViewKind } from '#share/view_ref.ts';
import { Banners } from './components/Banners.tsx';
import { ErrorBoundary } from './components/ErrorBoundary.tsx';
import { KeyHelp } from './components/KeyHelp.tsx';
import { TitleBar } from './components/TitleBar.tsx';
import { useShortcuts } from './components/useShortcuts.ts';
import { missingOf } from './state/card.ts';
import { useApp } from './state/store.ts';
import { TourPanel } from './tour/TourPanel.tsx';
import { FeaturesView } from './views/FeaturesView.tsx';
import { FeatureView } from './views/FeatureView.tsx';
import { LoadView } from './views/LoadView.tsx';
import { MissingSaeView } from './views/MissingSaeView.tsx';
import { PromptView } from './views/PromptView.tsx';
import { TrainView } from './views/TrainView.tsx';
import './app.css';

/** The shell: title bar, banners, and the view that the URL names. */
export function App() {
  const kind = useApp((s) => s.view.kind);
  const embed = useApp((s) => s.view.embed === 1);
  useTheme();
  useShortcuts();
  return (
    <>
      {!embed && <TitleBar />}
      <div className="beside">
        {!embed && <TourPanel />}
        <main id="main" tabIndex={-1}>
          <Banners />
          <ErrorBoundary key={kind}>
            <View kind={kind} />
          </ErrorBoundary>
        </main>
      </div>
      <KeyHelp />
    </>
  );
}

function View({ kind }: { readonly kind: ViewKind }) {
  const missing = useApp(missingOf);
  if (missing !== undefined) return <MissingSaeView missing={missing} />;
  switch (kind) {
    case 'load':
      return <LoadView />;
    case 'prompt':
      return <PromptView />;
    case 'feature':
      return <FeatureView />;
    case 'features':
      return <FeaturesView />;
    case 'train':
      return <TrainView />;
    default:
      return unreachable(kind);
  }
}

/** Writes theme and palette on the root element; 'system' follows the device. */
function useTheme(): void {
  const theme = useApp((s) => s.theme);
  const colourBlind = useApp((s) => s.colourBlind);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const apply = () => {
      document.documentElement.dataset['theme'] =
        theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
      document.documentElement.dataset['palette'] = colourBlind ? 'cb' : 'default';
    };
    apply();
    dark.addEventListener('change', apply);
    return () => dark.removeEventListener('change', apply);
  }, [theme, colourBlind]);
}
