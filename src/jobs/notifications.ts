/** A word when a job is over. */
import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { openAction } from './jobCommands';
import { IJobManager } from './managing';
import { isFailure } from '../api/models';
import { JobSettings } from './settings';
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
    const open = openAction(commands, job.job_name, trans);
    const tell = isFailure(job.status) ? Notification.error : Notification.success;
    tell(jobSummaryText(job, trans), { actions: [open], autoClose: 5000 });
  });
}
