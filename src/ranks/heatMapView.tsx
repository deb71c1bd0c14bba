/** Step times as a heat map: a rank that holds up the others shows as a dark row. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { themeColor } from '../charts/theme';
import { DataTable, TableDetails } from '../ui/dataTable';
import { milliseconds } from '../ui/format';
import { cellAt, IHeatCell, IHeatGrid, movedCell, rankMeans } from './heatMap';
import { cellText, heatSummary, heatTitle } from './heatWords';

const ROW_PX = 22;
/** The weakest shade; a cell without a value has none. */
const LEAST_ALPHA = 0.08;

interface IHeatMapProps {
  grid: IHeatGrid;
  /** Whose row is marked. */
  slowest: number | null;
  trans: TranslationBundle;
}

export function HeatMapView({ grid, slowest, trans }: IHeatMapProps): JSX.Element {
  const [cell, setCell] = React.useState<IHeatCell | null>(null);
  const summary = heatSummary(grid, trans);
  const [first, last] = [grid.steps[0], grid.steps[grid.steps.length - 1]];
  return (
    <figure className="sdt-Chart sdt-HeatMap">
      <figcaption>
        <span className="sdt-Chart-title">{heatTitle(grid, trans)}</span>
        <Scale grid={grid} trans={trans} />
        <output className="sdt-Chart-readout">{cell && cellText(grid, cell, trans)}</output>
      </figcaption>
      <div className="sdt-HeatMap-body">
        <div className="sdt-HeatMap-ranks" aria-hidden="true">
          {grid.ranks.map(rank => (
            <span key={rank} style={{ height: ROW_PX }} data-slow={rank === slowest}>
              {rank === slowest ? trans.__('rank %1 (slow)', rank) : trans.__('rank %1', rank)}
            </span>
          ))}
        </div>
        <div className="sdt-HeatMap-right">
          <HeatCells {...{ grid, cell, setCell }} label={summary} />
          <p className="sdt-HeatMap-axis">
            <span>{trans.__('step %1', first)}</span>
            <span>{trans.__('step %1', last)}</span>
          </p>
        </div>
      </div>
      <p>{summary}</p>
      <TableDetails trans={trans} table={() => <HeatTable grid={grid} trans={trans} />} />
    </figure>
  );
}

/** Which shade means what. */
function Scale({ grid, trans }: { grid: IHeatGrid; trans: TranslationBundle }): JSX.Element {
  return (
    <span className="sdt-Chart-legend">
      {trans.__('%1 ms', milliseconds(grid.low))}
      <i className="sdt-HeatMap-scale" aria-hidden="true" />
      {trans.__('%1 ms', milliseconds(grid.high))}
    </span>
  );
}

interface ICellsProps {
  grid: IHeatGrid;
  label: string;
  /** The one that is read out, by pointer or arrow keys. */
  cell: IHeatCell | null;
  setCell: (cell: IHeatCell | null) => void;
}

function HeatCells({ grid, label, cell, setCell }: ICellsProps): JSX.Element {
  const [columns, rows] = [grid.cells[0].length, grid.ranks.length];
  const onKeyDown = (event: React.KeyboardEvent) => {
    const moved = movedCell(grid, cell, event.key);
    if (moved) {
      event.preventDefault();
      event.stopPropagation();
      setCell(moved);
    }
  };
  const onMouseMove = (event: React.MouseEvent<HTMLDivElement>) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    setCell(cellAt(grid, (event.clientX - left) / width, (event.clientY - top) / height));
  };
  return (
    <div
      className="sdt-HeatMap-cells"
      role="img"
      tabIndex={0}
      aria-label={label}
      style={{ height: ROW_PX * rows }}
      onKeyDown={onKeyDown}
      onMouseMove={onMouseMove}
      onMouseLeave={() => setCell(null)}
      onBlur={() => setCell(null)}
    >
      <HeatCanvas grid={grid} />
      {cell && (
        <i
          className="sdt-HeatMap-cursor"
          style={{
            left: `${(100 * cell.column) / columns}%`,
            width: `${100 / columns}%`,
            top: ROW_PX * cell.row,
            height: ROW_PX
          }}
        />
      )}
    </div>
  );
}

function HeatCanvas({ grid }: { grid: IHeatGrid }): JSX.Element {
  const canvas = React.useRef<HTMLCanvasElement>(null);
  React.useEffect(() => {
    const draw = () => drawGrid(canvas.current!, grid);
    draw();
    const themes = new MutationObserver(draw);
    themes.observe(document.body, { attributeFilter: ['data-jp-theme-name'] });
    return () => themes.disconnect();
  }, [grid]);
  return <canvas ref={canvas} width={grid.cells[0].length} height={grid.ranks.length} />;
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
        const share = high > low ? (cell - low) / (high - low) : 0;
        context.globalAlpha = LEAST_ALPHA + (1 - LEAST_ALPHA) * share;
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
    <DataTable
      className=""
      heads={[trans.__('Rank'), trans.__('Mean step (ms)'), trans.__('Slowest stretch (ms)')]}
      rows={grid.ranks.map((rank, place) => ({
        key: rank,
        cells: [rank, milliseconds(means[place]), milliseconds(slowest(place))]
      }))}
    />
  );
}
