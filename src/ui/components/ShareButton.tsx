import { useEffect, useState } from 'react';
import type { ViewRef } from '#share/view_ref.ts';
import { useApp } from '../state/store.ts';
import { shareLink } from '../url.ts';

interface Said {
  readonly of: ViewRef;
  readonly text: string;
  /** Shown to be copied by hand when the clipboard is refused. */
  readonly link?: string;
}
const SHOWN_MS = 8000;

/** Copies the link of the current view; says so, or shows the link when the clipboard is refused. */
export function ShareButton() {
  const view = useApp((s) => s.view);
  const [said, say] = useState<Said | undefined>();
  useEffect(() => {
    if (!said || said.link) return;
    const timer = setTimeout(() => say(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const share = async () => {
    const { link, note = '' } = await shareLink(view);
    try {
      await navigator.clipboard.writeText(link);
      say({ of: view, text: `Link copied (${link.length} characters). ${note}` });
    } catch {
      say({ of: view, text: `Copy this link: ${note}`, link });
    }
  };
  const shown = said?.of === view ? said : undefined;
  return (
    <span className="share">
      <button type="button" onClick={share} title="Copy a link to exactly this view">
        Share
      </button>
      <span role="status" className="share-said">
        {shown?.text}
        {shown?.link && (
          <input
            aria-label="Link to this view"
            readOnly
            value={shown.link}
            onFocus={(e) => e.currentTarget.select()}
          />
        )}
      </span>
    </span>
  );
}
