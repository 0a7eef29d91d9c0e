import type { Row } from './rows.ts';

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [640, 360, 56, 40, 16, 190];
/** Okabe and Ito's colours and six marks, so that a variant is told apart without colour too. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#7f7f7f'];
const MARKS = [
  'M-4,0A4,4 0 1 0 4,0A4,4 0 1 0 -4,0Z',
  'M-4,-4H4V4H-4Z',
  'M0,-5L5,4H-5Z',
  'M0,-5L5,0L0,5L-5,0Z',
  'M-5,-1.5H-1.5V-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5Z',
];

/** A metric against L0: one mark a row, one look a variant. SVG without scripts; readable on light and dark pages. */
export function scatterSvg(rows: readonly Row[], metric: string, name: string): string {
  const points = rows.flatMap((r) => {
    const [l0, value] = [r.metrics['l0'] ?? Number.NaN, r.metrics[metric] ?? Number.NaN];
    return Number.isFinite(l0) && Number.isFinite(value) ? [{ l0, value, title: r.title }] : [];
  });
  const titles = [...new Set(points.map((p) => p.title))];
  const x = scale(
    points.map((p) => p.l0),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = scale(
    points.map((p) => p.value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const look = (title: string): string => {
    const i = titles.indexOf(title);
    return `d="${MARKS[i % MARKS.length]}" fill="${COLOURS[i % COLOURS.length]}" fill-opacity="0.75"`;
  };
  const marks = points.map(
    (p) => `<path transform="translate(${x.at(p.l0)} ${y.at(p.value)})" ${look(p.title)}/>`,
  );
  const legend = titles.map(
    (t, i) =>
      `<path transform="translate(${WIDTH - RIGHT + 22} ${TOP + 10 + 20 * i})" ${look(t)}/><text x="${WIDTH - RIGHT + 34}" y="${TOP + 14 + 20 * i}">${escaped(t)}</text>`,
  );
  const xAxis = x.ticks.map(
    (t) =>
      `<path class="g" d="M${x.at(t)},${TOP}V${HEIGHT - BOTTOM}"/><text x="${x.at(t)}" y="${HEIGHT - BOTTOM + 15}" text-anchor="middle">${short(t)}</text>`,
  );
  const yAxis = y.ticks.map(
    (t) =>
      `<path class="g" d="M${LEFT},${y.at(t)}H${WIDTH - RIGHT}"/><text x="${LEFT - 6}" y="${y.at(t) + 4}" text-anchor="end">${short(t)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(name)} against L0, by variant">
<style>text{font:12px system-ui,sans-serif;fill:#0f172a}.g{stroke:#cbd5e1;fill:none}</style>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
${[...xAxis, ...yAxis, ...marks, ...legend].join('\n')}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">L0, active features a token</text>
<text x="14" y="${(HEIGHT - BOTTOM + TOP) / 2}" transform="rotate(-90 14 ${(HEIGHT - BOTTOM + TOP) / 2})" text-anchor="middle">${escaped(name)}</text>
</svg>
`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
const short = (v: number): string => String(Number(v.toPrecision(6)));

/** A linear scale over the values with a margin, and about five round ticks. */
function scale(values: readonly number[], from: number, to: number) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = 0.08 * (high - low || Math.abs(high) || 1);
  const [min, max] = [low - margin, high + margin];
  const rough = (max - min) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((s) => s * power >= rough) ?? 10) * power;
  const first = Math.ceil(min / step);
  const ticks = Array.from({ length: Math.floor(max / step) - first + 1 }, (_, i) => (first + i) * step);
  const at = (v: number): number => Number((from + ((v - min) / (max - min)) * (to - from)).toFixed(2));
  return { at, ticks };
}
