/** Tables: heads above, and what a row is about at its left. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** A row; the first cell is its head. */
interface ITableRow {
  key: string | number;
  cells: readonly React.ReactNode[];
  className?: string;
}

interface IDataTableProps {
  heads: readonly string[];
  rows: readonly ITableRow[];
  className?: string;
  /** Shown above the table. */
  caption?: string;
  /** For people who do not see the table, where there is no caption. */
  label?: string;
}

export function DataTable(props: IDataTableProps): JSX.Element {
  const { heads, rows, className = 'sdt-Table', caption, label } = props;
  return (
    <table className={className} aria-label={label}>
      {caption && <caption>{caption}</caption>}
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
        {rows.map(({ key, ...row }) => (
          <Row key={key} {...row} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ cells: [head, ...cells], className }: Omit<ITableRow, 'key'>): JSX.Element {
  return (
    <tr className={className}>
      <th scope="row">{head}</th>
      {cells.map((cell, place) => (
        <td key={place}>{cell}</td>
      ))}
    </tr>
  );
}

interface ITableDetailsProps {
  trans: TranslationBundle;
  /** Called while it is open. */
  table: () => React.ReactNode;
}

/** The numbers behind a drawing, made when somebody wants to see them. */
export function TableDetails({ trans, table }: ITableDetailsProps): JSX.Element {
  const [open, setOpen] = React.useState(false);
  return (
    <details className="sdt-Chart-table" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Table')}</summary>
      {open && table()}
    </details>
  );
}
