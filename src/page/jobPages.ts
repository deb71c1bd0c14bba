/** Job pages in the main area: one per job, there again after a reload. */
import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { jobActions } from '../jobs/jobCommands';
import { IJobManager } from '../jobs/managing';
import { JobSettings } from '../jobs/settings';
import { CommandIds, NAMESPACE } from '../jobs/tokens';
import { trainingIcon } from '../ui/icons';
import { JobPage } from './jobPage';

/** What pages are made of. */
interface IPagesContext {
  app: JupyterFrontEnd;
  manager: IJobManager;
  settings: JobSettings;
  trans: TranslationBundle;
}

/** Opens pages, and finds those that are open. */
export class JobPages {
  constructor(private readonly _context: IPagesContext) {
    _context.manager.removed.connect((_, jobName) => this._find(jobName)?.dispose());
  }

  /** Show a job's page. */
  open(jobName: string): void {
    const { app } = this._context;
    const page = this._find(jobName) ?? this._make(jobName);
    if (!page.isAttached) {
      app.shell.add(page, 'main');
    }
    app.shell.activateById(page.id);
  }

  /** Open the pages that were open when the window was closed. */
  restore(restorer: ILayoutRestorer): void {
    void restorer.restore(this._tracker, {
      command: CommandIds.open,
      args: page => ({ jobName: page.content.jobName }),
      name: page => page.content.jobName
    });
  }

  private _find(jobName: string): MainAreaWidget<JobPage> | undefined {
    return this._tracker.find(page => page.content.jobName === jobName);
  }

  private _make(jobName: string): MainAreaWidget<JobPage> {
    const { app, manager, settings, trans } = this._context;
    const actions = jobActions(app.commands);
    const { showPoints, xAxis: x, smoothing, logarithmic } = settings.value;
    const choice = { x, smoothing, logarithmic };
    const content = new JobPage({ jobName, manager, trans, actions, showPoints, choice });
    const page = new MainAreaWidget({ content });
    page.id = `${NAMESPACE}-job-${jobName}`;
    page.title.label = jobName;
    page.title.icon = trainingIcon;
    page.title.closable = true;
    page.toolbar.hide();
    void this._tracker.add(page);
    return page;
  }

  private readonly _tracker = new WidgetTracker<MainAreaWidget<JobPage>>({
    namespace: NAMESPACE
  });
}
