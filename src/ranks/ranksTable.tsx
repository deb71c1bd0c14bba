/** The ranks of a job: where each is, how far, how fast; the slowest is marked. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IRank } from '../api/models';
import { DataTable } from '../ui/dataTable';
import { milliseconds, shortOrNone } from '../ui/format';

interface IRanksTableProps {
  ranks: readonly IRank[];
  /** The rank that holds up the others. */
  slowest: number | null;
  /** Mean seconds of a step without waiting, by rank; null where that is not known. */
  work: ReadonlyMap<number, number> | null;
  trans: TranslationBundle;
}

export function RanksTable({ ranks, slowest, work, trans }: IRanksTableProps): JSX.Element {
  const heads = [
    trans.__('Rank'),
    trans.__('Node'),
    trans.__('Step'),
    trans.__('Last step'),
    ...(work ? [trans.__('Work in a step')] : []),
    trans.__('Last sign'),
    trans.__('Exit code')
  ];
  const rows = ranks.map(rank => ({
    key: rank.rank,
    className: rank.exit_code ? 'sdt-mod-failed' : undefined,
    cells: [
      <Name key="rank" rank={rank.rank} isSlow={rank.rank === slowest} trans={trans} />,
      rank.node,
      shortOrNone(rank.step),
      time(rank.step_seconds, trans),
      ...(work ? [time(work.get(rank.rank) ?? null, trans)] : []),
      moment(rank.last_seconds),
      rank.exit_code ?? (rank.last_seconds === null ? NOTHING : trans.__('running'))
    ]
  }));
  return <DataTable heads={heads} rows={rows} label={trans.__('Ranks of the job')} />;
}

const NOTHING = shortOrNone(null);

function Name(props: { rank: number; isSlow: boolean; trans: TranslationBundle }): JSX.Element {
  const { rank, isSlow, trans } = props;
  return (
    <>
      {rank}
      {isSlow && <strong> {trans.__('slow')}</strong>}
    </>
  );
}

function time(seconds: number | null, trans: TranslationBundle): string {
  return seconds === null ? NOTHING : trans.__('%1 ms', milliseconds(seconds));
}

function moment(seconds: number | null): string {
  return seconds === null ? NOTHING : new Date(1000 * seconds).toLocaleTimeString();
}
