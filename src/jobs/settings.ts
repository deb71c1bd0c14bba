/** The user's settings, with the schema's defaults until they are loaded. */
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ISignal, Signal } from '@lumino/signaling';

/** The plugin that the schema is named after. */
const SCHEMA_ID = 'jupyter-sdt:plugin';

/** What schema/plugin.json describes. */
export interface IJobSettings {
  defaultProcesses: number;
  /** Empty for the launcher that fits the distribution. */
  defaultLauncher: string;
  /** Where jobs are kept; empty for the server's own choice. */
  jobsFolder: string;
  refreshSeconds: number;
  showPoints: boolean;
  xAxis: 'step' | 'time';
  smoothing: number;
  logarithmic: boolean;
  notifyAtEnd: boolean;
}

/** Follows schema/plugin.json. */
export class JobSettings {
  constructor(registry: ISettingRegistry | null) {
    if (registry) {
      void this._load(registry);
    }
  }

  /** The settings as they are now. */
  value: IJobSettings = {
    defaultProcesses: 2,
    defaultLauncher: '',
    jobsFolder: '',
    refreshSeconds: 2,
    showPoints: false,
    xAxis: 'step',
    smoothing: 0,
    logarithmic: false,
    notifyAtEnd: true
  };

  /** Something was set. */
  get changed(): ISignal<this, IJobSettings> {
    return this._changed;
  }

  private async _load(registry: ISettingRegistry): Promise<void> {
    const settings = await registry.load(SCHEMA_ID);
    const take = () => {
      this.value = { ...this.value, ...(settings.composite as Partial<IJobSettings>) };
      this._changed.emit(this.value);
    };
    take();
    settings.changed.connect(take, this);
  }

  private readonly _changed = new Signal<this, IJobSettings>(this);
}
