import '#base/dispose.ts';
import { createRoot } from 'react-dom/client';
import { openEngine } from '#engine/client.ts';
import { App } from './App.tsx';
import { connectEngine } from './engine.ts';
import { installHeadlight } from './headlight.ts';
import { startEffects, useApp } from './state/store.ts';
import { startUrl } from './url.ts';
import './theme.css';

const engine = openEngine();
connectEngine(engine);
installHeadlight(engine);
engine.onNotice((notice) => useApp.getState().notice(notice));
startUrl();
startEffects();

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
