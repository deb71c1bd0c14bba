/** The ranks of a job: where each is, how far, how fast; the slowest is marked. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IRank } from '../api/models';
import { DataTable } from '../ui/dataTable';
import { milliseconds, shortOrNone } from '../ui/format';

export interface IRanksTableProps {
  ranks: readonly IRank[];
  /** The rank that holds up the others. */
  slowest: number | null;
  trans: TranslationBundle;
}

export function RanksTable({ ranks, slowest, trans }: IRanksTableProps): JSX.Element {
  const heads = [
    trans.__('Rank'),
    trans.__('Node'),
    trans.__('Step'),
    trans.__('Step time'),
    trans.__('Last sign'),
    trans.__('Exit code')
  ];
  const rows = ranks.map(rank => ({
    key: rank.rank,
    className: rank.exit_code ? 'sdt-mod-failed' : undefined,
    cells: [
      rank.rank,
      rank.node,
      shortOrNone(rank.step),
      <StepTime key="time" rank={rank} isSlow={rank.rank === slowest} trans={trans} />,
      moment(rank.last_seconds),
      rank.exit_code ?? (rank.last_seconds === null ? NOTHING : trans.__('running'))
    ]
  }));
  return <DataTable heads={heads} rows={rows} label={trans.__('Ranks of the job')} />;
}

const NOTHING = shortOrNone(null);

function StepTime(props: { rank: IRank; isSlow: boolean; trans: TranslationBundle }) {
  const { rank, isSlow, trans } = props;
  const { step_seconds: seconds } = rank;
  return (
    <>
      {seconds === null ? NOTHING : trans.__('%1 ms', milliseconds(seconds))}
      {isSlow && <strong> {trans.__('slow')}</strong>}
    </>
  );
}

function moment(seconds: number | null): string {
  return seconds === null ? NOTHING : new Date(1000 * seconds).toLocaleTimeString();
}
