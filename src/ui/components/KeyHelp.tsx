import { useRef } from 'react';
import { useApp } from '../state/store.ts';
import { SHORTCUTS } from './useShortcuts.ts';

/** The list of keys, opened by `?`, with the switches for single letters and for colours. */
export function KeyHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button
        type="button"
        id="open-keys"
        data-shortcut="?"
        className="sr-only"
        tabIndex={-1}
        aria-hidden="true"
        onClick={() => dialog.current?.showModal()}
      >
        Keys
      </button>
      <dialog ref={dialog} className="keys" aria-labelledby="keys-title">
        <h2 id="keys-title">Keys and colours</h2>
        <dl>
          {SHORTCUTS.map((s) => (
            <div key={s.keys}>
              <dt>
                <kbd>{s.keys}</kbd>
              </dt>
              <dd>{s.does}</dd>
            </div>
          ))}
        </dl>
        <Switches />
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}

function Switches() {
  const on = useApp((s) => s.shortcuts);
  const colourBlind = useApp((s) => s.colourBlind);
  const setPrefs = useApp((s) => s.setPrefs);
  return (
    <>
      <label className="row tight">
        <input type="checkbox" checked={on} onChange={(e) => setPrefs({ shortcuts: e.target.checked })} />
        Single-letter shortcuts
      </label>
      <label className="row tight">
        <input
          type="checkbox"
          checked={colourBlind}
          onChange={(e) => setPrefs({ colourBlind: e.target.checked })}
        />
        Blue and orange in place of green and red
      </label>
    </>
  );
}
