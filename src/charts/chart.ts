/** uPlot with the theme's colours, a cursor for keyboard and pointer, and one draw per frame. */
import { IDisposable } from '@lumino/disposable';
import uPlot from 'uplot';
import { isLonely, joined, looksTheSame } from './chartData';
import { ILine } from './lines';
import { drawMarks } from './marks';
import { short } from '../ui/format';
import { lineColor, themeColor } from './theme';

/** From so many lines on they are hair lines: easier to tell apart, and quicker to draw. */
const MANY_LINES = 5;

/** How the axes look. */
interface IChartStyle {
  height: number;
  logarithmic: boolean;
  showPoints: boolean;
  xLabel: string;
  /** Where the x axis has its marks; by itself where left out. */
  ticks?: readonly number[];
  /** Whether the y axis begins at 0. */
  fromZero?: boolean;
}

/** Draws lines into a host element that it owns until disposed. */
export class Chart implements IDisposable {
  constructor(
    private readonly _host: HTMLElement,
    private readonly _readout: HTMLElement,
    private readonly _style: IChartStyle
  ) {
    this._resizes = new ResizeObserver(() => this._schedule());
    this._resizes.observe(_host);
    this._themes = new MutationObserver(() => this._plot?.redraw(false));
    this._themes.observe(document.body, { attributeFilter: ['data-jp-theme-name'] });
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Draw these lines with the next frame, and `marks` across the x axis. */
  setLines(lines: readonly ILine[], marks: readonly number[] = []): void {
    this._lines = lines;
    this._marks = marks;
    this._schedule();
  }

  /** Move the cursor by points, as arrow keys do. */
  moveCursor(by: number): void {
    const plot = this._plot;
    const xs = plot?.data[0] ?? [];
    if (!plot || xs.length === 0) {
      return;
    }
    const from = plot.cursor.idx ?? (by > 0 ? -1 : xs.length);
    const place = Math.min(Math.max(from + by, 0), xs.length - 1);
    plot.setCursor({ left: plot.valToPos(xs[place], 'x'), top: 0 });
  }

  /** Release everything. */
  dispose(): void {
    this._isDisposed = true;
    cancelAnimationFrame(this._frame);
    this._resizes.disconnect();
    this._themes.disconnect();
    this._plot?.destroy();
    this._plot = null;
  }

  private _schedule(): void {
    if (this._frame === 0 && !this._isDisposed) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this._draw();
      });
    }
  }

  private _draw(): void {
    const width = Math.floor(this._host.clientWidth);
    if (width <= 0) {
      return;
    }
    const data = joined(this._lines, this._style.logarithmic);
    const shape = this._shapeOf(this._lines);
    if (!this._plot || shape !== this._shape) {
      this._shape = shape;
      this._plot?.destroy();
      this._plot = new uPlot(this._options(width), data, this._host);
      return;
    }
    if (this._plot.width !== width) {
      this._plot.setSize({ width, height: this._style.height });
    }
    // Drawing is what a frame costs: of long curves most new points change no pixel.
    if (!looksTheSame(this._plot.data, data, width)) {
      this._plot.setData(data);
    }
  }

  /** What a plot cannot change once it is made, and the marks, which hardly ever change. */
  private _shapeOf(lines: readonly ILine[]): string {
    const looks = lines.map(line => `${line.label}${line.faint}${line.color}`);
    return [...looks, ...this._marks].join('|');
  }

  private _options(width: number): uPlot.Options {
    const { height, logarithmic, ticks, fromZero } = this._style;
    const places = ticks?.length ? { splits: () => [...ticks] } : {};
    const range = fromZero ? { range: fromNothing } : {};
    return {
      width,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1, ...range } },
      axes: [{ ...axis(26), ...places, label: this._style.xLabel, labelSize: 16 }, axis(52)],
      series: [{}, ...this._lines.map(line => this._series(line))],
      hooks: {
        setCursor: [plot => this._read(plot)],
        draw: [plot => drawMarks(plot, this._marks)]
      }
    };
  }

  private _series({ label, color, faint, dashed, marked }: ILine): uPlot.Series {
    return {
      label,
      spanGaps: true,
      alpha: faint ? 0.3 : 1,
      width: faint || this._lines.length >= MANY_LINES ? 1 : 1.75,
      stroke: () => lineColor(color),
      dash: dashed ? [6, 4] : undefined,
      points: marked ? { show: true, size: 7 } : { show: this._showsPoints(faint) }
    };
  }

  /** Where the user wants points, as many as there is room for; a single one in any case. */
  private _showsPoints(faint?: boolean): uPlot.Series.Points.Show | undefined {
    return this._style.showPoints && !faint
      ? undefined
      : (plot, place) => isLonely(plot.data[place]);
  }

  private _read(plot: uPlot): void {
    const { idx } = plot.cursor;
    if (idx === null || idx === undefined) {
      this._readout.textContent = '';
      return;
    }
    const values = this._lines.flatMap(({ label, faint }, place) => {
      const value = plot.data[place + 1][idx];
      return faint || value === null || value === undefined ? [] : `${label} ${short(value)}`;
    });
    const where = `${this._style.xLabel} ${short(plot.data[0][idx])}`;
    this._readout.textContent = [where, ...values].join(' · ');
  }

  private _plot: uPlot | null = null;
  private _lines: readonly ILine[] = [];
  private _marks: readonly number[] = [];
  private _shape = '';
  private _frame = 0;
  private _isDisposed = false;
  private readonly _resizes: ResizeObserver;
  private readonly _themes: MutationObserver;
}

function fromNothing(_: uPlot, __: number | null, high: number | null): uPlot.Range.MinMax {
  return [0, high && high > 0 ? 1.08 * high : 1];
}

function axis(size: number): uPlot.Axis {
  const faint = () => themeColor('--jp-border-color2', '#ddd');
  return {
    size,
    stroke: () => themeColor('--jp-ui-font-color2', '#666'),
    font: axisFont(),
    labelFont: axisFont(),
    grid: { stroke: faint, width: 1 },
    ticks: { stroke: faint, width: 1, size: 4 },
    values: (_, values) => values.map(value => (value === null ? '' : short(value)))
  };
}

function axisFont(): string {
  return `11px ${themeColor('--jp-ui-font-family', 'sans-serif')}`;
}
