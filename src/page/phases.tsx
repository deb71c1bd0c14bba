/** The phases that a job went through, how long each took, and what was noted on the way. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { heardMs } from '../api/heard';
import { IJobDetail, isTerminal } from '../api/models';
import { phaseLabel } from '../jobs/words';
import { DataTable } from '../ui/dataTable';
import { duration, shortOrNone } from '../ui/format';
import { useElapsed } from '../ui/hooks';
import { lastPhaseSeconds, notesOf, phasesOf } from './planRows';

interface IPhasesProps {
  detail: IJobDetail;
  live: boolean;
  trans: TranslationBundle;
}

export function Phases({ detail, live, trans }: IPhasesProps): JSX.Element {
  const { state, summary } = detail;
  const phases = phasesOf(state);
  const isOn = !isTerminal(summary.status);
  const last = useElapsed(lastPhaseSeconds(detail), live && isOn, heardMs(summary));
  const rows = phases.map(({ phase, began, seconds }) => ({
    key: `${phase} ${began}`,
    cells: [
      phaseLabel(phase, trans),
      new Date(1000 * began).toLocaleTimeString(),
      seconds !== null ? duration(seconds) : isOn ? duration(last) : shortOrNone(null)
    ]
  }));
  const heads = [trans.__('Phase'), trans.__('Began'), trans.__('Took')];
  return (
    <>
      <DataTable heads={heads} rows={rows} />
      <ul className="sdt-Notes">
        {notesOf(state).map((note, place) => (
          <li key={place}>{note}</li>
        ))}
      </ul>
    </>
  );
}
