/** What was asked for, what exactly was started, and how it went. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobDetail } from '../api/models';
import { DataTable } from '../ui/dataTable';
import { Phases } from './phases';
import { rowsOf } from './planRows';

interface IPlanProps {
  detail: IJobDetail | null;
  /** The plan in words; empty before the start. */
  page: string;
  /** Where the reproduction bundle is to be had. */
  bundleUrl: string;
  /** Whether somebody follows the job: then its phase goes on. */
  live: boolean;
  trans: TranslationBundle;
}

export function PlanView({ detail, page, bundleUrl, live, trans }: IPlanProps): JSX.Element {
  if (detail === null) {
    return <p className="sdt-Note">{trans.__('Loading')}</p>;
  }
  return (
    <div className="sdt-Plan">
      <p className="sdt-Controls">
        <a className="sdt-Button" href={bundleUrl} download>
          {trans.__('Download all that is needed to run it again')}
        </a>
      </p>
      <Part title={trans.__('What was asked for')} raw={detail.spec} trans={trans}>
        <DataTable
          className="sdt-Table sdt-Environment-pairs"
          heads={[trans.__('Argument'), trans.__('Value')]}
          rows={rowsOf(detail.spec).map(([path, text]) => ({ key: path, cells: [path, text] }))}
        />
      </Part>
      {page && (
        <Part title={trans.__('What was started')} raw={detail.plan} trans={trans}>
          <pre tabIndex={0}>{page}</pre>
        </Part>
      )}
      <Part title={trans.__('How it went')} raw={detail.state} trans={trans}>
        <Phases detail={detail} live={live} trans={trans} />
      </Part>
    </div>
  );
}

interface IPartProps {
  title: string;
  /** The file it was made from. */
  raw: object | null;
  trans: TranslationBundle;
  children: React.ReactNode;
}

function Part({ title, raw, trans, children }: IPartProps): JSX.Element {
  const [open, setOpen] = React.useState(false);
  return (
    <section>
      <h3 className="sdt-Page-heading">{title}</h3>
      {children}
      {raw && (
        <details onToggle={event => setOpen(event.currentTarget.open)}>
          <summary>{trans.__('As JSON')}</summary>
          {open && <pre tabIndex={0}>{JSON.stringify(raw, null, 2)}</pre>}
        </details>
      )}
    </section>
  );
}
