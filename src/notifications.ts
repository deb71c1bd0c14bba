/** A word when a job is over. */
import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { IJobManager } from './jobManager';
import { isFailure } from './models';
import { JobSettings } from './settings';
import { CommandIds } from './tokens';
import { jobSummaryText } from './words';

/** Tell each job's end, unless the user does not want to hear it. */
export function notifyAtEnds(
  manager: IJobManager,
  settings: JobSettings,
  commands: CommandRegistry,
  trans: TranslationBundle
): void {
  manager.ended.connect((_, job) => {
    if (!settings.value.notifyAtEnd) {
      return;
    }
    const open = {
      label: trans.__('Open job page'),
      callback: () => void commands.execute(CommandIds.open, { jobName: job.job_name })
    };
    const tell = isFailure(job.status) ? Notification.error : Notification.success;
    tell(jobSummaryText(job, trans), { actions: [open], autoClose: 5000 });
  });
}
