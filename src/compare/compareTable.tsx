/** One metric of several jobs in figures. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { DataTable } from '../ui/dataTable';
import { duration, shortOrNone } from '../ui/format';
import { ICompareRow } from './compare';

interface ICompareTableProps {
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
  const figures = rows.map(({ job, last, lowest, highest, step, seconds }) => ({
    key: job,
    cells: [
      job,
      ...[last, lowest, highest, step].map(shortOrNone),
      seconds === null ? shortOrNone(null) : duration(seconds)
    ]
  }));
  return (
    <DataTable
      className="sdt-Table sdt-Compare-table"
      label={trans.__('%1 in figures', name)}
      heads={heads}
      rows={figures}
    />
  );
}
