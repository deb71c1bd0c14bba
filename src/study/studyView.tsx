/** A scaling study: throughput, speedup and efficiency over the world size, and the table. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { DataTable } from '../ui/dataTable';
import { milliseconds, percent, short } from '../ui/format';
import { axisSizes, StudyFigure, studyLines } from './studyLines';
import { IStudyRow, IStudyTable } from '../api/studyModels';
import { ChartView } from '../charts/chartView';

interface IStudyProps {
  table: IStudyTable;
  /** All world sizes, also those still to come. */
  planned: readonly number[];
  trans: TranslationBundle;
  open?: (jobName: string) => void;
}

const FIGURES: StudyFigure[] = ['throughput', 'speedup', 'efficiency'];

export function StudyView({ table, planned, trans, open }: IStudyProps): JSX.Element {
  const missing = planned.filter(
    size => !table.rows.some(({ world_size }) => world_size === size)
  );
  return (
    <div className="sdt-Study">
      <div className="sdt-Study-charts">
        {FIGURES.map(figure => (
          <StudyChart key={figure} {...{ figure, table, planned, trans }} />
        ))}
      </div>
      {table.rows.length > 0 && <StudyRows rows={table.rows} trans={trans} open={open} />}
      {table.advice && <p className="sdt-Study-advice">{table.advice}</p>}
      {missing.length > 0 && (
        <p className="sdt-Note">
          {trans.__('Not measured yet: world size %1', missing.join(', '))}
        </p>
      )}
    </div>
  );
}

interface IStudyChartProps {
  figure: StudyFigure;
  table: IStudyTable;
  planned: readonly number[];
  trans: TranslationBundle;
}

function StudyChart({ figure, table, planned, trans }: IStudyChartProps): JSX.Element {
  const lines = React.useMemo(() => {
    const words = {
      measured: trans.__('measured'),
      ideal: trans.__('ideal'),
      predicted: trans.__('predicted')
    };
    return studyLines(figure, table, planned, words);
  }, [figure, table, planned, trans]);
  const ticks = React.useMemo(() => axisSizes(table, planned), [table, planned]);
  return (
    <ChartView
      title={figureTitle(figure, trans)}
      summary={figureSummary(figure, table, trans)}
      empty={trans.__('Waiting for the first measurement')}
      xLabel={trans.__('ranks')}
      lines={lines}
      trans={trans}
      height={190}
      ticks={ticks}
      fromZero
    />
  );
}

/** The figure's name with its unit. */
function figureTitle(figure: StudyFigure, trans: TranslationBundle): string {
  switch (figure) {
    case 'throughput':
      return trans.__('Throughput (samples/s)');
    case 'speedup':
      return trans.__('Speedup');
    case 'efficiency':
      return trans.__('Efficiency');
  }
}

/** `Speedup: 1 at 1 rank, 1.8 at 2 ranks (ideal 2)`, for people who do not see the chart. */
function figureSummary(
  figure: StudyFigure,
  { rows }: IStudyTable,
  trans: TranslationBundle
): string {
  const parts = rows.map(row =>
    trans._n('%2 at %1 rank', '%2 at %1 ranks', row.world_size, short(row[figure]))
  );
  const title = figureTitle(figure, trans);
  return parts.length > 0 ? `${title}: ${parts.join(', ')}` : title;
}

interface IStudyRowsProps {
  rows: readonly IStudyRow[];
  trans: TranslationBundle;
  open?: (jobName: string) => void;
}

function StudyRows({ rows, trans, open }: IStudyRowsProps): JSX.Element {
  const heads = [
    trans.__('Ranks'),
    trans.__('Samples/s'),
    trans.__('Step'),
    trans.__('Batch'),
    trans.__('Speedup'),
    trans.__('Efficiency'),
    trans.__('Jobs')
  ];
  return (
    <DataTable
      caption={trans.__('Measured world sizes')}
      heads={heads}
      rows={rows.map(row => ({
        key: row.world_size,
        cells: [
          row.world_size,
          throughput(row),
          trans.__('%1 ms', milliseconds(row.step_seconds)),
          row.global_batch_size,
          row.speedup.toFixed(2),
          percent(row.efficiency),
          <JobLinks key="jobs" names={row.job_names} open={open} />
        ]
      }))}
    />
  );
}

function JobLinks(props: { names: string[]; open?: (name: string) => void }): JSX.Element {
  const { names, open } = props;
  return (
    <>
      {names.map(name =>
        open ? (
          <button key={name} className="sdt-Link" onClick={() => open(name)}>
            {name}
          </button>
        ) : (
          <span key={name}>{name} </span>
        )
      )}
    </>
  );
}

function throughput(row: IStudyRow): string {
  const middle = short(row.throughput);
  return row.repeats > 1
    ? `${middle} (${short(row.throughput_low)}–${short(row.throughput_high)})`
    : middle;
}
