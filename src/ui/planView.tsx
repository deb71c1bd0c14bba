/** What exactly was started, and with which settings. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobDetail } from '../models';

export interface IPlanProps {
  detail: IJobDetail | null;
  /** Where the reproduction bundle is to be had. */
  bundleUrl: string;
  trans: TranslationBundle;
}

export function PlanView({ detail, bundleUrl, trans }: IPlanProps): JSX.Element {
  if (detail === null) {
    return <p className="sdt-Note">{trans.__('Loading')}</p>;
  }
  const parts: [string, { [key: string]: unknown } | null][] = [
    [trans.__('What was asked for'), detail.spec],
    [trans.__('What was started'), detail.plan],
    [trans.__('How it went'), detail.state]
  ];
  return (
    <div className="sdt-Plan">
      <p className="sdt-Controls">
        <a className="sdt-Button" href={bundleUrl} download>
          {trans.__('Download all that is needed to run it again')}
        </a>
      </p>
      {parts.map(([label, content]) =>
        content ? (
          <details key={label} open>
            <summary>{label}</summary>
            <pre tabIndex={0}>{JSON.stringify(content, null, 2)}</pre>
          </details>
        ) : null
      )}
    </div>
  );
}
