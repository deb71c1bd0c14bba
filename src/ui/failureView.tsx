/** Why a job failed: the first rank's own words. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobFailure } from '../models';
import { IJobLike } from '../words';

export interface IFailureProps {
  job: IJobLike & { failure_reason: string };
  failure: IJobFailure | null;
  trans: TranslationBundle;
}

export function FailureView({ job, failure, trans }: IFailureProps): JSX.Element | null {
  if (!job.failure_reason && !failure) {
    return null;
  }
  return (
    <section className="sdt-Failure" aria-label={trans.__('Failure')}>
      <p>{job.failure_reason}</p>
      {failure?.traceback && (
        <details open>
          <summary>
            {failure.rank === null
              ? trans.__('Traceback')
              : trans.__('Traceback of rank %1', failure.rank)}
          </summary>
          <pre tabIndex={0}>{failure.traceback}</pre>
        </details>
      )}
    </section>
  );
}
