/** Step times as a heat map: a rank that holds up the others shows as a dark row. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { short } from '../format';
import { heatGrid, IHeatGrid, rankMeans, straggler } from '../heatMap';
import { ISeries } from '../series';
import { themeColor } from '../theme';

/** A rank this much slower than the middle one holds up the others. */
const NOTABLE = 0.1;
const ROW_PX = 22;

export interface IHeatMapProps {
  ranks: ReadonlyMap<number, ISeries>;
  trans: TranslationBundle;
}

export function HeatMapView({ ranks, trans }: IHeatMapProps): JSX.Element {
  const grid = heatGrid(ranks);
  if (grid === null) {
    return <p className="sdt-Note">{trans.__('No step times were recorded yet.')}</p>;
  }
  const summary = summaryText(grid, trans);
  const range = trans.__('%1 ms to %2 ms', ms(grid.low), ms(grid.high));
  return (
    <figure className="sdt-Chart sdt-HeatMap">
      <figcaption>
        <span className="sdt-Chart-title">{trans.__('Step time of each rank')}</span>
        <span className="sdt-Chart-readout">{range}</span>
      </figcaption>
      <div className="sdt-HeatMap-body">
        <div className="sdt-HeatMap-ranks" aria-hidden="true">
          {grid.ranks.map(rank => (
            <span key={rank} style={{ height: ROW_PX }}>
              {rank}
            </span>
          ))}
        </div>
        <HeatCanvas grid={grid} label={summary} />
      </div>
      <p className="sdt-HeatMap-axis">
        {trans.__('steps %1 to %2', grid.steps[0], grid.steps[grid.steps.length - 1])}
      </p>
      <p>{summary}</p>
      <HeatTable grid={grid} trans={trans} />
    </figure>
  );
}

function HeatCanvas({ grid, label }: { grid: IHeatGrid; label: string }): JSX.Element {
  const canvas = React.useRef<HTMLCanvasElement>(null);
  React.useEffect(() => {
    const draw = () => drawGrid(canvas.current!, grid);
    draw();
    const themes = new MutationObserver(draw);
    themes.observe(document.body, { attributeFilter: ['data-jp-theme-name'] });
    return () => themes.disconnect();
  }, [grid]);
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={label}
      width={grid.cells[0].length}
      height={grid.ranks.length}
      style={{ height: ROW_PX * grid.ranks.length }}
    />
  );
}

/** One pixel a cell; the browser stretches them without blurring. */
function drawGrid(canvas: HTMLCanvasElement, { cells, low, high }: IHeatGrid): void {
  const context = canvas.getContext('2d');
  if (!context) {
    return;
  }
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = themeColor('--jp-brand-color1', '#1976d2');
  cells.forEach((row, y) =>
    row.forEach((cell, x) => {
      if (cell !== null) {
        context.globalAlpha = 0.08 + 0.92 * (high > low ? (cell - low) / (high - low) : 0);
        context.fillRect(x, y, 1, 1);
      }
    })
  );
  context.globalAlpha = 1;
}

function HeatTable({
  grid,
  trans
}: {
  grid: IHeatGrid;
  trans: TranslationBundle;
}): JSX.Element {
  const means = rankMeans(grid);
  const slowest = (place: number) => Math.max(...grid.cells[place].map(cell => cell ?? 0));
  return (
    <details className="sdt-Chart-table">
      <summary>{trans.__('Table')}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{trans.__('Rank')}</th>
            <th scope="col">{trans.__('Mean step (ms)')}</th>
            <th scope="col">{trans.__('Slowest stretch (ms)')}</th>
          </tr>
        </thead>
        <tbody>
          {grid.ranks.map((rank, place) => (
            <tr key={rank}>
              <th scope="row">{rank}</th>
              <td>{ms(means[place])}</td>
              <td>{ms(slowest(place))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function summaryText(grid: IHeatGrid, trans: TranslationBundle): string {
  const found = straggler(grid);
  if (found === null) {
    return trans.__('One rank, %1 ms a step.', ms(rankMeans(grid)[0]));
  }
  const { rank, seconds, middle, slower } = found;
  const share = `${Math.round(100 * slower)} %`;
  return slower > NOTABLE
    ? trans.__(
        'Rank %1 is slowest: %2 ms a step, %3 more than the middle.',
        rank,
        ms(seconds),
        share
      )
    : trans.__('The ranks are even: %1 ms a step, the slowest %2 more.', ms(middle), share);
}

function ms(seconds: number): string {
  return short(1000 * seconds);
}
