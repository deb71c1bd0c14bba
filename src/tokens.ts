/** Names that other extensions, settings and shortcuts refer to. */
import { Token } from '@lumino/coreutils';
import { IJobManager } from './jobManager';
import { JobSettings } from './settings';

/** Where translations, settings and commands of this extension live. */
export const NAMESPACE = 'jupyter-sdt';

/** The list of jobs, for whoever wants to show it elsewhere. */
export const IJobManagerToken = new Token<IJobManager>(
  'jupyter-sdt:IJobManager',
  'The training jobs of this server: their list, stopping and deleting.'
);

/** The user's settings. */
export const IJobSettingsToken = new Token<JobSettings>(
  'jupyter-sdt:IJobSettings',
  'The settings of distributed training.'
);

/** Ids of the plugins; the schema belongs to `panel`. */
export const PluginIds = {
  manager: 'jupyter-sdt:manager',
  settings: 'jupyter-sdt:settings',
  panel: 'jupyter-sdt:plugin',
  renderer: 'jupyter-sdt:renderer',
  cell: 'jupyter-sdt:cell',
  status: 'jupyter-sdt:status'
};

/** Ids of the commands. */
export const CommandIds = {
  /** Open a job's page; argument `jobName`. */
  open: 'jupyter-sdt:open-job',
  /** Stop a job; argument `jobName`. */
  stop: 'jupyter-sdt:stop-job',
  /** Delete a job after asking; argument `jobName`. */
  remove: 'jupyter-sdt:delete-job',
  /** Show the side panel. */
  show: 'jupyter-sdt:show-panel',
  /** Train the active cell; argument `processes`, asked for when left out. */
  train: 'jupyter-sdt:train-cell'
};
