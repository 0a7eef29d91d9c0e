import './plots.css';

const DEFAULTS = { barWidth: 100 } as const;

export interface BarRow {
  readonly id: number;
  /** 'L.H', never a bare row number. */
  readonly label: string;
  /** Shares 0..1, one per column. */
  readonly shares: readonly (number | undefined)[];
}
export interface BarsProps {
  readonly rows: readonly BarRow[];
  /** One heading per column of shares: 'decoder weight', 'on this prompt'. */
  readonly columns: readonly string[];
  readonly label: string;
  /** Pixels of a share of 1. */
  readonly barWidth?: number;
}

/** Shares 0..1 as bars with two decimals, a table, so that it reads without colour or sight. */
export function Bars({ rows, columns, label, ...rest }: BarsProps) {
  const o = { ...DEFAULTS, ...rest };
  return (
    <table className="plot bars" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">head</th>
          {columns.map((c) => (
            <th scope="col" key={c}>
              {c}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row">{row.label}</th>
            {columns.map((c, i) => (
              <td key={c}>
                <Share share={row.shares[i]} width={o.barWidth} column={i} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Share({ share, width, column }: { share: number | undefined; width: number; column: number }) {
  if (share === undefined || !Number.isFinite(share)) return <span className="muted">N/A</span>;
  const part = Math.min(1, Math.max(0, share));
  return (
    <span className="share">
      <svg width={width} height={10} aria-hidden="true">
        <rect className="share-track" width={width} height={10} />
        <rect className={`share-bar c${column}`} width={part * width} height={10} />
      </svg>
      <span className="num">{share.toFixed(2)}</span>
    </span>
  );
}
