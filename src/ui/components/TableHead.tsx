import type { ReactNode } from 'react';

/** A column of a table: its heading, or only its name for assistive technology. */
export interface Column {
  readonly text: string;
  readonly num?: boolean | undefined;
  readonly hidden?: boolean | undefined;
  readonly help?: ReactNode;
}

/** The heading row of a table. */
export function TableHead({ columns }: { readonly columns: readonly Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map((c) => (
          <th
            key={c.text}
            scope="col"
            className={[c.num && 'num', c.help && 'metric'].filter(Boolean).join(' ')}
          >
            {c.hidden ? <span className="sr-only">{c.text}</span> : c.text}
            {c.help}
          </th>
        ))}
      </tr>
    </thead>
  );
}
