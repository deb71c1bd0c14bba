/** The curves as an SVG for viewers without this extension. Built node by node, never as text. */
import { INamedCurve } from './curves';
import { short } from '../ui/format';
import { lastValue, thinned } from './series';

const SVG = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT] = [340, 170];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 28, 24];
/** Middle tones, readable on white and on black. */
const COLORS = ['#4c8dd6', '#d9822b', '#3fa36c', '#b86ad0'];
const MOST_POINTS = 400;

type Attributes = { [name: string]: string | number };

/** Curves side by side; `description` is what a screen reader says. */
export function picture(curves: readonly INamedCurve[], description: string): string {
  const width = WIDTH * Math.max(1, curves.length);
  const root = element('svg', {
    xmlns: SVG,
    role: 'img',
    'aria-label': description,
    viewBox: `0 0 ${width} ${HEIGHT}`,
    width,
    height: HEIGHT,
    fill: '#777777',
    'font-family': 'sans-serif',
    'font-size': 11
  });
  curves.forEach((curve, place) => {
    const frame = element('g', { transform: `translate(${place * WIDTH} 0)` });
    frame.append(...panel(curve, COLORS[place % COLORS.length]));
    root.append(frame);
  });
  return new XMLSerializer().serializeToString(root);
}

function panel({ name, series, marks = [] }: INamedCurve, color: string): Element[] {
  const { steps, values } = thinned(series, MOST_POINTS);
  const known = steps.flatMap((x, i) => (values[i] === null ? [] : [[x, values[i]]]));
  const last = lastValue(values);
  const title = label(LEFT, 16, last === null ? name : `${name} ${short(last)}`, 'start');
  if (known.length === 0) {
    return [title];
  }
  const points = known as [number, number][];
  return [title, ...dashes(points, marks), ...drawn(points, color)];
}

/** Where ranks were started anew. */
function dashes(points: [number, number][], marks: readonly number[]): Element[] {
  const [first, last] = [points[0][0], points[points.length - 1][0]];
  const x = scale(first, last, LEFT, WIDTH - RIGHT);
  const look = { fill: 'none', stroke: '#999999', 'stroke-dasharray': '3 3' };
  return marks
    .filter(mark => mark >= first && mark <= last)
    .map(mark => element('path', { d: `M${x(mark)} ${TOP}V${HEIGHT - BOTTOM}`, ...look }));
}

function drawn(points: [number, number][], color: string): Element[] {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const [right, bottom] = [WIDTH - RIGHT, HEIGHT - BOTTOM];
  const x = scale(xs[0], xs[xs.length - 1], LEFT, right);
  const y = scale(low, high, bottom - 6, TOP + 6);
  const path = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(' ');
  const frame = `M${LEFT} ${TOP}V${bottom}H${right}`;
  return [
    element('path', { d: frame, fill: 'none', stroke: '#999999' }),
    label(LEFT - 5, y(high) + 4, short(high), 'end'),
    ...(low === high ? [] : [label(LEFT - 5, y(low) + 4, short(low), 'end')]),
    label(LEFT, HEIGHT - 8, short(xs[0]), 'start'),
    label(right, HEIGHT - 8, short(xs[xs.length - 1]), 'end'),
    element('polyline', { points: path, fill: 'none', stroke: color, 'stroke-width': 1.5 }),
    ...(points.length > 1
      ? []
      : [element('circle', { cx: x(xs[0]), cy: y(ys[0]), r: 2.5, fill: color })])
  ];
}

function scale(low: number, high: number, start: number, end: number): (x: number) => number {
  const size = high - low;
  return x => (size > 0 ? start + ((end - start) * (x - low)) / size : (start + end) / 2);
}

function label(x: number, y: number, text: string, anchor: string): Element {
  const node = element('text', { x, y, 'text-anchor': anchor });
  node.textContent = text;
  return node;
}

function element(name: string, attributes: Attributes): Element {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    // Serialising writes the namespace itself.
    if (key !== 'xmlns') {
      node.setAttribute(key, String(value));
    }
  }
  return node;
}
