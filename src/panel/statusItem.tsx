/** How many jobs run, in the status bar. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IJobManager } from '../jobs/managing';
import { useSignalFrames } from '../ui/hooks';

interface IStatusProps {
  manager: IJobManager;
  trans: TranslationBundle;
  show: () => void;
}

/** The item as a widget for the status bar. */
export class StatusItem extends ReactWidget {
  constructor(private readonly _props: IStatusProps) {
    super();
    this.addClass('sdt-StatusItem');
  }

  protected override render(): JSX.Element {
    return <StatusView {...this._props} />;
  }
}

function StatusView({ manager, trans, show }: IStatusProps): JSX.Element | null {
  useSignalFrames(manager.changed);
  const count = manager.running.length;
  if (count === 0) {
    return null;
  }
  return (
    <button title={trans.__('Show training jobs')} onClick={show}>
      {trans._n('%1 job training', '%1 jobs training', count)}
    </button>
  );
}
