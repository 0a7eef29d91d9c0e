import { useState } from 'react';
import { sealPage } from '../seal.ts';
import { useApp } from '../state/store.ts';
import { pageOrigin } from '../url.ts';
import { HelpHint } from './HelpHint.tsx';

type Seal = 'open' | 'sealing' | 'sealed' | 'failed';

/** What the page has asked of the network, as the engine counts it, and the switch that forbids the rest. */
export function PrivacyBadge() {
  const { gets, hosts: all } = useApp((s) => s.network);
  const [seal, setSeal] = useState<Seal>('open');
  const here = new URL(pageOrigin()).host;
  const hosts = all.filter((h) => h !== here);
  const own = hosts.length === 0;
  const close = (): void => {
    setSeal('sealing');
    sealPage().then(
      () => setSeal('sealed'),
      () => setSeal('failed'),
    );
  };
  const said = own ? `local · ${gets} GETs` : `open · ${gets} GETs to ${hosts.join(', ')}`;
  return (
    <span className="row tight badge">
      <span className="dot" aria-hidden="true" />
      <span role="status">{seal === 'sealed' ? 'sealed by the browser' : said}</span>
      <HelpHint term="Your text stays here.">
        {seal === 'sealed'
          ? 'Until this page is reloaded the browser refuses every connection that it or its engine tries to make.'
          : `The page may only read files from the site it came from: a Content-Security-Policy of the built page
        has the browser refuse every other connection. So far the engine sent ${gets} GET requests
        ${own ? 'to this site' : `to ${hosts.join(', ')}`}; none carries what you type. Seal loads what is
        missing of the embedded model and then forbids every connection until the page is reloaded.`}
      </HelpHint>
      {seal !== 'sealed' && (
        <button type="button" onClick={close} disabled={seal === 'sealing'}>
          {seal === 'failed' ? 'Not sealed: retry' : 'Seal'}
        </button>
      )}
    </span>
  );
}
