/** The ranks of a job: where each is, how far, how fast; the slowest is marked. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { short } from '../format';
import { IRank } from '../models';

/** A rank this much slower than the middle one holds up the others. */
const STRAGGLER = 1.5;

export function RanksTable(props: { ranks: IRank[]; trans: TranslationBundle }): JSX.Element {
  const { ranks, trans } = props;
  const middle = median(ranks.flatMap(rank => rank.step_seconds ?? []));
  const heads = [
    trans.__('Rank'),
    trans.__('Node'),
    trans.__('Step'),
    trans.__('Step time'),
    trans.__('Last sign'),
    trans.__('Exit code')
  ];
  return (
    <table className="sdt-Table">
      <thead>
        <tr>
          {heads.map(head => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {ranks.map(rank => (
          <RankRow key={rank.rank} rank={rank} middle={middle} trans={trans} />
        ))}
      </tbody>
    </table>
  );
}

interface IRankRowProps {
  rank: IRank;
  middle: number;
  trans: TranslationBundle;
}

function RankRow({ rank, middle, trans }: IRankRowProps): JSX.Element {
  const { step_seconds: seconds, last_seconds: last, exit_code: code } = rank;
  const slow = seconds !== null && middle > 0 && seconds > STRAGGLER * middle;
  return (
    <tr className={code ? 'sdt-mod-failed' : undefined}>
      <th scope="row">{rank.rank}</th>
      <td>{rank.node}</td>
      <td>{rank.step ?? '–'}</td>
      <td>
        {seconds === null ? '–' : trans.__('%1 ms', short(1000 * seconds))}
        {slow && <strong> {trans.__('slow')}</strong>}
      </td>
      <td>{last === null ? '–' : new Date(1000 * last).toLocaleTimeString()}</td>
      <td>{code ?? (last === null ? '–' : trans.__('running'))}</td>
    </tr>
  );
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
