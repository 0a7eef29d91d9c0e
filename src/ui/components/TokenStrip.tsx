import { type CSSProperties, type ReactNode, useId } from 'react';
import { pieceSpoken } from '../format.ts';
import { actAlpha, signedFill } from '../plots/act_scale.ts';
import { formatAct } from '../plots/numbers.ts';
import { HoverCard } from './HoverCard.tsx';
import { useStripState } from './strip_state.ts';
import { Piece } from './TokenChip.tsx';
import './components.css';

export interface TokenStripProps {
  /** Name of the strip for assistive technology. */
  readonly label: string;
  readonly pieces: readonly string[];
  /** Acts: emerald fill (convention 6). `max` is the maximum over the whole list of strips. */
  readonly acts?: ArrayLike<number> | undefined;
  readonly max?: number | undefined;
  /** Signed source contributions (DFA): upper half orange, negative rose with a hatch (convention 7). */
  readonly dfa?: ArrayLike<number> | undefined;
  readonly dfaMax?: number | undefined;
  /** Bottom border, 0..1 (loss strip); NaN draws none. */
  readonly under?: ArrayLike<number> | undefined;
  readonly selected?: number | undefined;
  readonly onSelect?: ((index: number) => void) | undefined;
  readonly onHover?: ((index: number | undefined) => void) | undefined;
  /** Tokens framed because something else is hovered. */
  readonly lit?: ReadonlySet<number> | undefined;
  /** DFA: strongest source (emerald frame) and target (orange frame). */
  readonly source?: number | undefined;
  readonly target?: number | undefined;
  /** Index of a BOS token: drawn grey. */
  readonly special?: number | undefined;
  /** A line feed also breaks the line. */
  readonly breaks?: boolean | undefined;
  /** Contents of the card shown while token `index` is hovered or focused. */
  readonly card?: ((index: number) => ReactNode) | undefined;
}

/** Tokens exactly as they are, in one tab stop: arrows move, Home and End jump, Enter selects. */
export function TokenStrip(props: TokenStripProps) {
  const { pieces, selected, onSelect, onHover, card } = props;
  const id = useId();
  const { root, at, stop, handlers } = useStripState({ length: pieces.length, selected, onSelect, onHover });
  const max = props.max ?? maxOf(props.acts);
  return (
    <>
      <div
        ref={root}
        className={onSelect ? 'strip' : 'strip static'}
        role="listbox"
        aria-label={props.label}
        aria-orientation="horizontal"
        dir="ltr"
        tabIndex={-1}
        {...handlers}
      >
        {pieces.map((piece, i) => (
          <Token
            // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place in the text
            key={i}
            i={i}
            piece={piece}
            strip={props}
            max={max}
            stop={i === stop}
            cardId={at?.index === i ? id : undefined}
          />
        ))}
      </div>
      {card && at && (
        <HoverCard id={id} anchor={at.rect}>
          {card(at.index)}
        </HoverCard>
      )}
    </>
  );
}

interface TokenProps {
  readonly i: number;
  readonly piece: string;
  readonly strip: TokenStripProps;
  /** Act of full opacity. */
  readonly max: number;
  readonly stop: boolean;
  readonly cardId: string | undefined;
}

function Token({ i, piece, strip, max, stop, cardId }: TokenProps) {
  const { acts, dfa, under } = strip;
  const style = fillOf(strip, i, max);
  const u = under?.[i] ?? Number.NaN;
  const classes = [
    'tok',
    style === undefined && 'plain',
    strip.lit?.has(i) && 'lit',
    strip.source === i && 'source',
    strip.target === i && 'target',
    strip.special === i && 'special',
  ];
  const values = [acts && `act ${formatAct(acts[i] ?? 0)}`, dfa && `source ${formatAct(dfa[i] ?? 0)}`];
  return (
    <>
      <span
        className={classes.filter(Boolean).join(' ')}
        role="option"
        tabIndex={stop ? 0 : -1}
        data-i={i}
        style={style}
        aria-selected={strip.selected === i}
        aria-label={[pieceSpoken(piece), ...values].filter(Boolean).join(', ')}
        aria-describedby={cardId}
      >
        <Piece piece={piece} />
        {u > 0 && <span className="under" style={{ '--u': Math.min(1, u) } as CSSProperties} />}
      </span>
      {strip.breaks && piece.includes('\n') && <br />}
    </>
  );
}

/** Background of a token: emerald for its act, upper half orange or hatched rose for its source contribution. */
function fillOf(strip: TokenStripProps, i: number, max: number): CSSProperties | undefined {
  const a = actAlpha(strip.acts?.[i] ?? 0, max);
  const d = signedFill(strip.dfa?.[i] ?? 0, strip.dfaMax ?? 0);
  const act = `rgb(var(--act-rgb) / ${a.toFixed(3)})`;
  if (d.alpha < 0.004) return a > 0 ? { background: act } : undefined;
  const rgb = d.negative ? '--neg-rgb' : '--dfa-rgb';
  const fill = `rgb(var(${rgb}) / ${d.alpha.toFixed(3)})`;
  const dfa = d.negative
    ? `repeating-linear-gradient(45deg, ${fill} 0 4px, transparent 4px 6px)`
    : `linear-gradient(${fill} 0 0)`;
  if (a === 0) return { background: dfa };
  return {
    background: `${dfa} 0 0 / 100% 50% no-repeat, linear-gradient(${act} 0 0) 0 100% / 100% 50% no-repeat`,
  };
}

function maxOf(values: ArrayLike<number> | undefined): number {
  let max = 0;
  for (let i = 0; i < (values?.length ?? 0); i++) max = Math.max(max, values?.[i] ?? 0);
  return max;
}
