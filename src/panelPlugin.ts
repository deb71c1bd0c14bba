/** The side panel with its commands, job pages and compare pages. */
import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator, TranslationBundle } from '@jupyterlab/translation';
import { ComparePages } from './compare/comparePages';
import { selectedScript } from './notebook/fileCommand';
import { addJobCommands, jobActions, openAction } from './jobs/jobCommands';
import { IJobManager } from './jobs/managing';
import { JobPages } from './page/jobPages';
import { LaunchModel } from './launch/launchModel';
import { NotebookCells } from './notebook/notebookCells';
import { notifyAtEnds } from './jobs/notifications';
import { addPanelCommands } from './panel/panelCommands';
import { PanelState } from './panel/panelState';
import { IJobSettings, JobSettings } from './jobs/settings';
import { IJobManagerToken, IJobSettingsToken, NAMESPACE, PluginIds } from './jobs/tokens';
import { errorText } from './ui/format';
import { JobsPanel } from './panel/jobsPanel';

/** What the panel is made of; parts of JupyterLab that may be missing are null. */
interface IParts {
  app: JupyterFrontEnd;
  manager: IJobManager;
  settings: JobSettings;
  trans: TranslationBundle;
  labShell: ILabShell | null;
  restorer: ILayoutRestorer | null;
  palette: ICommandPalette | null;
  tracker: INotebookTracker | null;
  files: IDefaultFileBrowser | null;
}

/** The plugin that the settings' schema is named after. */
export const panel: JupyterFrontEndPlugin<void> = {
  id: PluginIds.panel,
  description: 'The side panel with all training jobs, and the page of each.',
  autoStart: true,
  requires: [IJobManagerToken, IJobSettingsToken],
  optional: [
    ITranslator,
    ILabShell,
    ILayoutRestorer,
    ICommandPalette,
    INotebookTracker,
    IDefaultFileBrowser
  ],
  activate: (
    app: JupyterFrontEnd,
    manager: IJobManager,
    settings: JobSettings,
    translator: ITranslator | null,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    tracker: INotebookTracker | null,
    files: IDefaultFileBrowser | null
  ) => {
    const trans = (translator ?? nullTranslator).load(NAMESPACE);
    const parts = {
      app,
      manager,
      settings,
      trans,
      labShell,
      restorer,
      palette,
      tracker,
      files
    };
    activate(parts);
    followSettings(parts);
    notifyAtEnds(manager, settings, app.commands, trans);
  }
};

function activate(parts: IParts): void {
  const { app, manager, settings, trans, restorer } = parts;
  const pages = new JobPages({ app, manager, settings, trans });
  const comparisons = new ComparePages({ app, manager, settings, trans });
  const cells = new NotebookCells(parts.tracker, trans);
  const state = new PanelState();
  const launch = new LaunchModel({
    api: manager.api,
    cells,
    defaults: () => defaults(settings)
  });
  addJobCommands({
    commands: app.commands,
    manager,
    trans,
    open: name => pages.open(name),
    compare: names => comparisons.open(names),
    insertCell: source => cells.insert(source)
  });
  const side = new JobsPanel({
    manager,
    state,
    launch,
    trans,
    actions: jobActions(app.commands),
    compare: names => comparisons.open(names),
    start: () => void start(parts, launch, state),
    selectedFile: () => selectedScript(parts.files)
  });
  app.shell.add(side, 'left', { rank: 650 });
  manager.removed.connect((_, name) => state.forget(name));
  addPanelCommands({ ...parts, id: side.id, state, launch });
  restorer?.add(side, side.id);
  if (restorer) {
    pages.restore(restorer);
    comparisons.restore(restorer);
  }
}

/** What a new form begins with. */
function defaults({ value }: JobSettings): { [name: string]: string } {
  return {
    processes_per_node: String(value.defaultProcesses),
    launcher: value.defaultLauncher
  };
}

async function start(parts: IParts, launch: LaunchModel, state: PanelState): Promise<void> {
  const { app, manager, trans } = parts;
  try {
    const job = await launch.start();
    state.show('jobs');
    await manager.refresh();
    if (job) {
      const actions = [openAction(app.commands, job.job_name, trans)];
      Notification.success(trans.__('Started %1.', job.job_name), { actions, autoClose: 5000 });
    }
  } catch (error) {
    Notification.error(errorText(error));
  }
}

function followSettings({ manager, settings, trans }: IParts): void {
  let folder = '';
  const follow = (value: IJobSettings) => {
    manager.setRefreshSeconds(value.refreshSeconds);
    if (value.jobsFolder !== folder) {
      folder = value.jobsFolder;
      manager.chooseFolder(folder).catch((error: unknown) => {
        const reason = errorText(error);
        Notification.error(trans.__('The folder of jobs stays as it is: %1', reason));
      });
    }
  };
  // They may have been loaded before anybody listened.
  follow(settings.value);
  settings.changed.connect((_, value) => follow(value));
}
