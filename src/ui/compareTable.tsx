/** One metric of several jobs in figures. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ICompareRow } from '../compare';
import { duration, short } from '../format';

export interface ICompareTableProps {
  name: string;
  rows: readonly ICompareRow[];
  trans: TranslationBundle;
}

export function CompareTable({ name, rows, trans }: ICompareTableProps): JSX.Element {
  const heads = [
    trans.__('Job'),
    trans.__('Last'),
    trans.__('Lowest'),
    trans.__('Highest'),
    trans.__('Step'),
    trans.__('Time')
  ];
  return (
    <table className="sdt-Table sdt-Compare-table" aria-label={trans.__('%1 in figures', name)}>
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
        {rows.map(row => (
          <tr key={row.job}>
            <th scope="row">{row.job}</th>
            <td>{figure(row.last)}</td>
            <td>{figure(row.lowest)}</td>
            <td>{figure(row.highest)}</td>
            <td>{figure(row.step)}</td>
            <td>{row.seconds === null ? '–' : duration(row.seconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function figure(value: number | null): string {
  return value === null ? '–' : short(value);
}
