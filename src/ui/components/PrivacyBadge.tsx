import { useApp } from '../state/store.ts';
import { pageOrigin } from '../url.ts';
import { HelpHint } from './HelpHint.tsx';

/** What the page has asked of the network, as the engine counts it; the policy itself is in index.html. */
export function PrivacyBadge() {
  const { gets, hosts: all } = useApp((s) => s.network);
  const here = new URL(pageOrigin()).host;
  const hosts = all.filter((h) => h !== here);
  const own = hosts.length === 0;
  return (
    <span className="row tight badge">
      <span className="dot" aria-hidden="true" />
      <span>{own ? `local · ${gets} GETs` : `open · ${gets} GETs to ${hosts.join(', ')}`}</span>
      <HelpHint term="Your text stays here.">
        The page may only read files from the site it came from: a Content-Security-Policy of the built page
        has the browser refuse every other connection. So far the engine sent {gets} GET requests
        {own ? ' to this site' : ` to ${hosts.join(', ')}`}; none carries what you type.
      </HelpHint>
    </span>
  );
}
