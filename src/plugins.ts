/** What JupyterLab is told to activate. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { JobsApi } from './api/api';
import { jobActions } from './jobs/jobCommands';
import { JobManager } from './jobs/jobManager';
import { IJobManager } from './jobs/managing';
import { asSourceFrame } from './api/guards';
import { openSource, sourceArguments } from './notebook/openSource';
import { panel } from './panelPlugin';
import { jobKind } from './output/jobKind';
import { RANK, rendererFactory } from './output/outputRenderer';
import { studyKind } from './output/studyKind';
import { JobSettings } from './jobs/settings';
import {
  CommandIds,
  IJobManagerToken,
  IJobSettingsToken,
  NAMESPACE,
  PluginIds
} from './jobs/tokens';
import { canTrain, trainActiveCell } from './notebook/trainCell';
import { trainingIcon } from './ui/icons';
import { StatusItem } from './panel/statusItem';

const manager: JupyterFrontEndPlugin<IJobManager> = {
  id: PluginIds.manager,
  description: 'Knows the training jobs of this server.',
  autoStart: true,
  provides: IJobManagerToken,
  activate: app => new JobManager(new JobsApi(app.serviceManager.serverSettings))
};

const settings: JupyterFrontEndPlugin<JobSettings> = {
  id: PluginIds.settings,
  description: 'Holds the settings of distributed training.',
  autoStart: true,
  provides: IJobSettingsToken,
  optional: [ISettingRegistry],
  activate: (_, registry: ISettingRegistry | null) => new JobSettings(registry)
};

const renderer: JupyterFrontEndPlugin<void> = {
  id: PluginIds.renderer,
  description: 'Draws training jobs below their cells, live and saved.',
  autoStart: true,
  requires: [IRenderMimeRegistry, IJobManagerToken, IJobSettingsToken],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    registry: IRenderMimeRegistry,
    jobs: IJobManager,
    jobSettings: JobSettings,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(NAMESPACE);
    const actions = jobActions(app.commands);
    const showPoints = () => jobSettings.value.showPoints;
    const context = { manager: jobs, trans, actions, showPoints };
    registry.addFactory(rendererFactory(jobKind, context), RANK);
    registry.addFactory(rendererFactory(studyKind, context), RANK);
  }
};

const cell: JupyterFrontEndPlugin<void> = {
  id: PluginIds.cell,
  description: 'Trains the active cell on several ranks.',
  autoStart: true,
  requires: [INotebookTracker, IJobSettingsToken],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    jobSettings: JobSettings,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load(NAMESPACE);
    const processes = { type: 'integer', minimum: 1, description: trans.__('Ranks per node') };
    app.commands.addCommand(CommandIds.train, {
      label: args => (args.toolbar ? '' : trans.__('Train This Cell on Several Ranks…')),
      caption: trans.__('Train this cell on several ranks'),
      icon: trainingIcon,
      describedBy: { args: { type: 'object', properties: { processes } } },
      isEnabled: () => canTrain(tracker),
      isVisible: () => canTrain(tracker),
      execute: args =>
        trainActiveCell(tracker, trans, {
          given: typeof args.processes === 'number' ? args.processes : null,
          usual: jobSettings.value.defaultProcesses,
          launcher: jobSettings.value.defaultLauncher
        })
    });
    palette?.addItem({ command: CommandIds.train, category: trans.__('Distributed Training') });
  }
};

const source: JupyterFrontEndPlugin<void> = {
  id: PluginIds.source,
  description: 'Leads from a traceback to the cell or file it names.',
  autoStart: true,
  optional: [INotebookTracker, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(NAMESPACE);
    app.commands.addCommand(CommandIds.source, {
      label: trans.__('Show a Line of a Traceback'),
      caption: trans.__('Open the cell or file that a traceback names, and select the line'),
      describedBy: { args: sourceArguments(trans) },
      execute: args => openSource({ app, tracker, trans }, asSourceFrame(args))
    });
  }
};

const status: JupyterFrontEndPlugin<void> = {
  id: PluginIds.status,
  description: 'Says in the status bar how many jobs are running.',
  autoStart: true,
  requires: [IJobManagerToken, IStatusBar],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    jobs: IJobManager,
    bar: IStatusBar,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(NAMESPACE);
    const show = () => void app.commands.execute(CommandIds.show);
    const item = new StatusItem({ manager: jobs, trans, show });
    bar.registerStatusItem(PluginIds.status, { item, align: 'left', rank: 5 });
  }
};

export default [manager, settings, panel, renderer, cell, source, status];
