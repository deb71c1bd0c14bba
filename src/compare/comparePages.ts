/** Compare pages in the main area: one for each set of jobs, there again after a reload. */
import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { IJobManager } from '../jobs/managing';
import { JobSettings } from '../jobs/settings';
import { CommandIds, NAMESPACE } from '../jobs/tokens';
import { ComparePage } from './comparePage';
import { trainingIcon } from '../ui/icons';

/** What pages are made of. */
interface ICompareContext {
  app: JupyterFrontEnd;
  manager: IJobManager;
  settings: JobSettings;
  trans: TranslationBundle;
}

/** Opens pages, and finds those that are open. */
export class ComparePages {
  constructor(private readonly _context: ICompareContext) {}

  /** Show these jobs over each other. */
  open(jobNames: readonly string[]): void {
    const { shell } = this._context.app;
    const key = [...jobNames].sort().join('+');
    const page =
      this._tracker.find(open => open.content.key === key) ?? this._make(jobNames, key);
    if (!page.isAttached) {
      shell.add(page, 'main');
    }
    shell.activateById(page.id);
  }

  /** Open the pages that were open when the window was closed. */
  restore(restorer: ILayoutRestorer): void {
    void restorer.restore(this._tracker, {
      command: CommandIds.compare,
      args: page => ({ jobNames: [...page.content.jobNames] }),
      name: page => page.content.key
    });
  }

  private _make(jobNames: readonly string[], key: string): MainAreaWidget<ComparePage> {
    const { manager, settings, trans } = this._context;
    const { value } = settings;
    const content = new ComparePage({ jobNames, key, manager, trans, settings: value });
    const page = new MainAreaWidget({ content });
    page.id = `${NAMESPACE}-compare-${key}`;
    page.title.label = page.title.caption = jobNames.join(', ');
    page.title.icon = trainingIcon;
    page.title.closable = true;
    page.toolbar.hide();
    void this._tracker.add(page);
    return page;
  }

  private readonly _tracker = new WidgetTracker<MainAreaWidget<ComparePage>>({
    namespace: `${NAMESPACE}-compare`
  });
}
