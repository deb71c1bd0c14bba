/** Why a job failed: the first rank's own words, with a way to the lines they name. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobFailure, ISourceFrame } from '../api/models';
import { splitTraceback } from './sourceFrames';
import { IJobLike } from './words';

interface IFailureProps {
  job: IJobLike & { failure_reason: string };
  failure: IJobFailure | null;
  trans: TranslationBundle;
  goTo?: (frame: ISourceFrame) => void;
}

export function FailureView(props: IFailureProps): JSX.Element | null {
  const { job, failure, trans, goTo } = props;
  if (!job.failure_reason && !failure) {
    return null;
  }
  const last = failure?.frames?.[failure.frames.length - 1];
  return (
    <section className="sdt-Failure" aria-label={trans.__('Failure')}>
      <p>{job.failure_reason}</p>
      {last && goTo && (
        <button className="sdt-Button" onClick={() => goTo(last)}>
          {trans.__('Go to line %1', last.line)}
        </button>
      )}
      {failure?.traceback && <Traceback {...{ failure, trans, goTo }} />}
    </section>
  );
}

interface ITracebackProps {
  failure: IJobFailure;
  trans: TranslationBundle;
  goTo?: (frame: ISourceFrame) => void;
}

function Traceback({ failure, trans, goTo }: ITracebackProps): JSX.Element {
  const parts = splitTraceback(failure.traceback, goTo ? (failure.frames ?? []) : []);
  return (
    <details open>
      <summary>
        {failure.rank === null
          ? trans.__('Traceback')
          : trans.__('Traceback of rank %1', failure.rank)}
      </summary>
      <pre tabIndex={0}>
        {parts.map(({ text, frame }, place) =>
          frame ? (
            <button key={place} className="sdt-Link" onClick={() => goTo?.(frame)}>
              {text}
            </button>
          ) : (
            text
          )
        )}
      </pre>
    </details>
  );
}
