/** What can be done with a job, as commands. */
import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { IJobManager } from './jobManager';
import { CommandIds } from './tokens';
import { IJobActions } from './ui/jobHeader';

/** Where commands go, and what they need. */
export interface IJobCommandContext {
  commands: CommandRegistry;
  manager: IJobManager;
  trans: TranslationBundle;
  open: (jobName: string) => void;
}

/** The argument of all of them. */
function jobArguments(trans: TranslationBundle): ReadonlyJSONObject {
  return {
    type: 'object',
    required: ['jobName'],
    properties: {
      jobName: { type: 'string', description: trans.__('The name of the job') }
    }
  };
}

/** Register open, stop and delete. */
export function addJobCommands(context: IJobCommandContext): void {
  const { commands, manager, trans } = context;
  const describedBy = { args: jobArguments(trans) };
  commands.addCommand(CommandIds.open, {
    label: trans.__('Open Training Job'),
    caption: trans.__('Open the page of a training job'),
    describedBy,
    execute: args => context.open(nameOf(args))
  });
  commands.addCommand(CommandIds.stop, {
    label: trans.__('Stop Training Job'),
    caption: trans.__('Ask a training job to stop'),
    describedBy,
    execute: args => told(manager.stop(nameOf(args)), trans.__('The job was not stopped'))
  });
  commands.addCommand(CommandIds.remove, {
    label: trans.__('Delete Training Job'),
    caption: trans.__('Delete a training job and its files'),
    describedBy,
    execute: args => removeAfterAsking(nameOf(args), manager, trans)
  });
}

/** The same commands, for components. */
export function jobActions(commands: CommandRegistry): IJobActions {
  const run = (id: string) => (jobName: string) => void commands.execute(id, { jobName });
  return {
    open: run(CommandIds.open),
    stop: run(CommandIds.stop),
    remove: run(CommandIds.remove)
  };
}

async function removeAfterAsking(
  jobName: string,
  manager: IJobManager,
  trans: TranslationBundle
): Promise<void> {
  const answer = await showDialog({
    title: trans.__('Delete %1?', jobName),
    body: trans.__('Its curves, logs and artifacts are deleted for good.'),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ]
  });
  if (answer.button.accept) {
    await told(manager.remove(jobName), trans.__('The job was not deleted'));
  }
}

/** A refusal becomes a dialog in the server's words. */
async function told(work: Promise<void>, title: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    await showErrorMessage(title, error instanceof Error ? error.message : String(error));
  }
}

function nameOf(args: ReadonlyPartialJSONObject): string {
  return typeof args.jobName === 'string' ? args.jobName : '';
}
