/** Names that other extensions, settings and shortcuts refer to. */
import { Token } from '@lumino/coreutils';
import { IJobManager } from './managing';
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
  status: 'jupyter-sdt:status',
  source: 'jupyter-sdt:source'
};

/** Ids of the commands. */
export const CommandIds = {
  /** Open a job's page; argument `jobName`. */
  open: 'jupyter-sdt:open-job',
  /** Stop a job; argument `jobName`. */
  stop: 'jupyter-sdt:stop-job',
  /** Delete a job; the notification can undo it; argument `jobName`. */
  remove: 'jupyter-sdt:delete-job',
  /** Undo a deletion; argument `jobName`. */
  restore: 'jupyter-sdt:restore-job',
  /** Start a job once more; argument `jobName`. */
  rerun: 'jupyter-sdt:rerun-job',
  /** Insert a cell that trains as a job did; argument `jobName`. */
  clone: 'jupyter-sdt:clone-job',
  /** Open a page with the curves of several jobs; argument `jobNames`. */
  compare: 'jupyter-sdt:compare-jobs',
  /** Show the launch form; argument `path` of a script. */
  launch: 'jupyter-sdt:new-job',
  /** Show the launch form for the file selected in the file browser; argument `path`. */
  trainFile: 'jupyter-sdt:train-file',
  /** Show the side panel. */
  show: 'jupyter-sdt:show-panel',
  /** Show a line that a traceback names; arguments are those of a frame. */
  source: 'jupyter-sdt:open-source',
  /** Train the active cell; argument `processes`, asked for when left out. */
  train: 'jupyter-sdt:train-cell'
};
