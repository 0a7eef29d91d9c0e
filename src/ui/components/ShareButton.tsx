import { useState } from 'react';
import { useApp } from '../state/store.ts';
import { shareLink } from '../url.ts';

/** Copies the link of the current view; says so, or shows the link when the clipboard is refused. */
export function ShareButton() {
  const view = useApp((s) => s.view);
  const [said, say] = useState<
    { readonly of: unknown; readonly text: string; readonly link?: string } | undefined
  >();
  const share = async () => {
    const { link, note } = await shareLink(view);
    try {
      await navigator.clipboard.writeText(link);
      say({ of: view, text: `Link copied (${link.length} characters). ${note ?? ''}` });
    } catch {
      say({ of: view, text: `Copy this link: ${note ?? ''}`, link });
    }
  };
  const shown = said?.of === view ? said : undefined;
  return (
    <span className="row tight share">
      <button type="button" onClick={share} title="Copy a link to exactly this view">
        Share
      </button>
      <span role="status" className="muted">
        {shown?.text}
      </span>
      {shown?.link && (
        <input
          aria-label="Link to this view"
          readOnly
          value={shown.link}
          onFocus={(e) => e.currentTarget.select()}
        />
      )}
    </span>
  );
}
