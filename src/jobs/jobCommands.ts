/** What can be done with a job, as commands. */
import { InputDialog, Notification, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyJSONObject } from '@lumino/coreutils';
import { IJobManager } from './managing';
import { IJobSummary, isTerminal } from '../api/models';
import { errorText } from '../ui/format';
import { CommandIds } from './tokens';
import { IJobActions } from './jobHeader';

/** How long the notification offers to undo; the server waits a little longer. */
const UNDO_MS = 10000;

/** Where commands go, and what they need. */
interface IJobCommandContext {
  commands: CommandRegistry;
  manager: IJobManager;
  trans: TranslationBundle;
  open: (jobName: string) => void;
  compare: (jobNames: readonly string[]) => void;
  /** Insert a cell into the active notebook; false without one. */
  insertCell: (source: string) => boolean;
}

/** Register all of them. */
export function addJobCommands(context: IJobCommandContext): void {
  const { manager, trans } = context;
  add(context, CommandIds.open, {
    label: trans.__('Open Training Job…'),
    caption: trans.__('Open the page of a training job'),
    execute: context.open
  });
  add(context, CommandIds.stop, {
    label: trans.__('Stop Training Job…'),
    caption: trans.__('Ask a training job to stop'),
    fits: job => !isTerminal(job.status),
    execute: name => told(manager.stop(name), trans.__('The job was not stopped'))
  });
  add(context, CommandIds.rerun, {
    label: trans.__('Run Training Job Again…'),
    caption: trans.__('Start a training job once more, as it was'),
    execute: name => told(rerun(context, name), trans.__('The job was not started'))
  });
  add(context, CommandIds.clone, {
    label: trans.__('Clone Training Job to a Cell…'),
    caption: trans.__('Insert a cell with the flags and the source of a training job'),
    execute: name => told(clone(context, name), trans.__('The job was not cloned'))
  });
  add(context, CommandIds.remove, {
    label: trans.__('Delete Training Job…'),
    caption: trans.__('Delete a training job and its files'),
    fits: job => isTerminal(job.status),
    execute: name => told(remove(context, name), trans.__('The job was not deleted'))
  });
  add(context, CommandIds.restore, {
    label: trans.__('Restore Deleted Training Job'),
    caption: trans.__('Undo the deletion of a training job'),
    fits: () => false,
    execute: name => told(manager.restore(name), trans.__('The job was not restored'))
  });
  addCompare(context);
}

/** The commands, for components. */
export function jobActions(commands: CommandRegistry): IJobActions {
  const run = (id: string) => (jobName: string) => void commands.execute(id, { jobName });
  return {
    open: run(CommandIds.open),
    stop: run(CommandIds.stop),
    rerun: run(CommandIds.rerun),
    clone: run(CommandIds.clone),
    remove: run(CommandIds.remove),
    goTo: frame => void commands.execute(CommandIds.source, { ...frame })
  };
}

interface ICommand {
  label: string;
  caption: string;
  /** Among which jobs to ask when none is named. */
  fits?: (job: IJobSummary) => boolean;
  execute: (jobName: string) => Promise<void> | void;
}

function add(context: IJobCommandContext, id: string, command: ICommand): void {
  const { commands, manager, trans } = context;
  const { label, caption, fits, execute } = command;
  commands.addCommand(id, {
    label,
    caption,
    describedBy: { args: jobArguments(trans) },
    execute: async args => {
      const named = typeof args.jobName === 'string' ? args.jobName : '';
      const jobs = manager.jobs.filter(job => fits?.(job) ?? true);
      const jobName = named || (await askForJob(caption, jobs, trans));
      if (jobName) {
        await execute(jobName);
      }
    }
  });
}

function addCompare({ commands, manager, trans, compare }: IJobCommandContext): void {
  const items = { type: 'string' };
  const description = trans.__('The names of the jobs; the newest two when left out');
  commands.addCommand(CommandIds.compare, {
    label: trans.__('Compare Training Jobs'),
    caption: trans.__('Lay the curves of several training jobs over each other'),
    describedBy: {
      args: {
        type: 'object',
        properties: { jobNames: { type: 'array', items, description } }
      }
    },
    isEnabled: args => Array.isArray(args.jobNames) || manager.jobs.length > 1,
    execute: args => {
      const given: readonly unknown[] = Array.isArray(args.jobNames) ? args.jobNames : [];
      const named = given.filter((name): name is string => typeof name === 'string');
      const newest = manager.jobs.slice(0, 2).map(job => job.job_name);
      compare(named.length > 0 ? named : newest);
    }
  });
}

/** The argument of nearly all of them. */
function jobArguments(trans: TranslationBundle): ReadonlyJSONObject {
  const description = trans.__('The name of the job; asked for when left out');
  return { type: 'object', properties: { jobName: { type: 'string', description } } };
}

async function askForJob(
  title: string,
  jobs: readonly IJobSummary[],
  trans: TranslationBundle
): Promise<string> {
  if (jobs.length === 0) {
    Notification.info(trans.__('There is no such job now.'), { autoClose: 5000 });
    return '';
  }
  const answer = await InputDialog.getItem({
    title,
    items: jobs.map(job => job.job_name),
    label: trans.__('Job'),
    okLabel: trans.__('OK'),
    cancelLabel: trans.__('Cancel')
  });
  return answer.button.accept ? (answer.value ?? '') : '';
}

async function rerun({ manager, commands, trans }: IJobCommandContext, name: string) {
  const job = await manager.rerun(name);
  Notification.success(trans.__('Started %1.', job.job_name), {
    autoClose: 5000,
    actions: [openAction(commands, job.job_name, trans)]
  });
}

async function clone({ manager, insertCell, trans }: IJobCommandContext, name: string) {
  const { cell, messages } = await manager.api.cell(name);
  if (!insertCell(cell)) {
    throw new Error(trans.__('Open the notebook that shall get the cell.'));
  }
  messages.forEach(message => Notification.info(message, { autoClose: 10000 }));
}

async function remove({ manager, commands, trans }: IJobCommandContext, name: string) {
  await manager.remove(name);
  const undo = {
    label: trans.__('Undo'),
    caption: trans.__('Restore %1', name),
    callback: () => void commands.execute(CommandIds.restore, { jobName: name })
  };
  Notification.info(trans.__('Deleted %1.', name), { actions: [undo], autoClose: UNDO_MS });
}

/** The button of a notification that leads to a job's page. */
export function openAction(
  commands: CommandRegistry,
  jobName: string,
  trans: TranslationBundle
): Notification.IAction {
  return {
    label: trans.__('Open job page'),
    callback: () => void commands.execute(CommandIds.open, { jobName })
  };
}

/** A refusal becomes a dialog in the server's words. */
async function told(work: Promise<void>, title: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    await showErrorMessage(title, errorText(error));
  }
}
