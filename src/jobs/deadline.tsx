/** When the ranks of a job that is being stopped are killed. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { countdown } from '../ui/format';
import { useRemaining } from '../ui/hooks';

interface IDeadlineProps {
  /** Since the epoch. */
  seconds: number;
  trans: TranslationBundle;
}

export function Deadline({ seconds, trans }: IDeadlineProps): JSX.Element {
  const left = useRemaining(seconds);
  const clock = new Date(1000 * seconds).toLocaleTimeString();
  return (
    <span className="sdt-Deadline">
      {left > 0
        ? trans.__('Killed in %1, at %2', countdown(left), clock)
        : trans.__('Being killed')}
    </span>
  );
}
