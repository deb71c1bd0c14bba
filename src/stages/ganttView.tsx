/** One step of a pipeline: a row for each stage, a bar for each stretch of work. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { DataTable, TableDetails } from '../ui/dataTable';
import { milliseconds } from '../ui/format';
import { IBar, IGantt, IStageRow } from './stages';

const ROW_PX = 30;
const BAR_PX = 22;
/** A bar narrower than this share of the step has no room for its number. */
const LABELLED = 0.02;

interface IGanttProps {
  gantt: IGantt;
  /** What the drawing shows, in words. */
  summary: string;
  trans: TranslationBundle;
}

export function GanttView({ gantt, summary, trans }: IGanttProps): JSX.Element {
  const { rows, seconds } = gantt;
  // Of its own for each drawing: a pattern in a hidden page draws nothing.
  const stripes = React.useId();
  return (
    <figure className="sdt-Chart sdt-Gantt">
      <figcaption>
        <span className="sdt-Chart-title">{trans.__('One step of the pipeline')}</span>
        <Legend stripes={stripes} trans={trans} />
        <span className="sdt-Chart-readout">{trans.__('%1 ms', milliseconds(seconds))}</span>
      </figcaption>
      <div className="sdt-Gantt-body">
        <div className="sdt-Gantt-stages" aria-hidden="true">
          {rows.map(({ stage }) => (
            <span key={stage} style={{ height: ROW_PX, lineHeight: `${ROW_PX}px` }}>
              {trans.__('stage %1', stage)}
            </span>
          ))}
        </div>
        <svg role="img" aria-label={summary} height={ROW_PX * rows.length}>
          <Stripes id={stripes} />
          {rows.map((row, place) => (
            <Row key={row.stage} {...{ row, seconds, stripes, trans }} y={ROW_PX * place} />
          ))}
        </svg>
      </div>
      <p className="sdt-Gantt-axis">
        <span>{trans.__('0 ms')}</span>
        <span>{trans.__('%1 ms', milliseconds(seconds))}</span>
      </p>
      <p>{summary}</p>
      <TableDetails trans={trans} table={() => <TaskTable rows={rows} trans={trans} />} />
    </figure>
  );
}

function Legend(props: { stripes: string; trans: TranslationBundle }): JSX.Element {
  const { stripes, trans } = props;
  const kinds = [
    { kind: 'forward', text: trans.__('F forward') },
    { kind: 'backward', text: trans.__('B backward') }
  ];
  return (
    <span className="sdt-Chart-legend">
      {kinds.map(({ kind, text }) => (
        <span key={kind}>
          <svg className="sdt-Gantt-key" width={16} height={12} aria-hidden="true">
            <rect className="sdt-Gantt-bar" data-kind={kind} width={16} height={12} />
            {kind === 'backward' && <rect fill={`url(#${stripes})`} width={16} height={12} />}
          </svg>{' '}
          {text}
        </span>
      ))}
      <span>{trans.__('with the number of the microbatch')}</span>
    </span>
  );
}

/** Stripes tell backward from forward where colours do not. */
function Stripes({ id }: { id: string }): JSX.Element {
  return (
    <defs>
      <pattern
        id={id}
        width={6}
        height={6}
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <line className="sdt-Gantt-stripe" y2={6} />
      </pattern>
    </defs>
  );
}

interface IRowProps {
  row: IStageRow;
  seconds: number;
  /** The pattern's id. */
  stripes: string;
  y: number;
  trans: TranslationBundle;
}

function Row({ row, seconds, stripes, y, trans }: IRowProps): JSX.Element {
  const share = (part: number) => `${seconds > 0 ? (100 * part) / seconds : 0}%`;
  const middle = y + ROW_PX / 2;
  return (
    <g>
      <line className="sdt-Gantt-line" x2="100%" y1={middle} y2={middle} />
      {row.bars.map((bar, place) => {
        const [x, width] = [share(bar.start), share(bar.end - bar.start)];
        const size = { x, width, y: y + (ROW_PX - BAR_PX) / 2, height: BAR_PX };
        return (
          <g key={place}>
            <title>{barText(bar, trans)}</title>
            <rect className="sdt-Gantt-bar" data-kind={bar.kind} {...size} />
            {bar.kind === 'backward' && <rect fill={`url(#${stripes})`} {...size} />}
            {bar.end - bar.start >= LABELLED * seconds && (
              <text x={share((bar.start + bar.end) / 2)} y={middle}>
                {letter(bar, trans)}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

function TaskTable({ rows, trans }: { rows: IStageRow[]; trans: TranslationBundle }) {
  const heads = [
    trans.__('Stage'),
    trans.__('Work'),
    trans.__('Microbatch'),
    trans.__('Begin (ms)'),
    trans.__('Length (ms)')
  ];
  const tasks = rows.flatMap(({ stage, bars }) =>
    bars.map((bar, place) => ({
      key: `${stage}-${place}`,
      cells: [
        stage,
        kindText(bar, trans),
        bar.microbatch,
        milliseconds(bar.start),
        milliseconds(bar.end - bar.start)
      ]
    }))
  );
  return <DataTable className="" heads={heads} rows={tasks} />;
}

function kindText({ kind }: IBar, trans: TranslationBundle): string {
  return kind === 'forward' ? trans.__('forward') : trans.__('backward');
}

function letter({ kind, microbatch }: IBar, trans: TranslationBundle): string {
  return kind === 'forward' ? trans.__('F%1', microbatch) : trans.__('B%1', microbatch);
}

function barText(bar: IBar, trans: TranslationBundle): string {
  const length = milliseconds(bar.end - bar.start);
  return trans.__('%1 of microbatch %2, %3 ms', kindText(bar, trans), bar.microbatch, length);
}
