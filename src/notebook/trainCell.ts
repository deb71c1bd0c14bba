/** "Train this cell on N ranks": the magic line is written for the user, then the cell runs. */
import { InputDialog, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  hasOtherMagic,
  isTrainingCell,
  LOAD_MAGICS,
  processesOf,
  withFlags,
  withProcesses
} from '../launch/cellText';

const MOST_PROCESSES = 1024;

/** Whether the active cell can be trained. */
export function canTrain(tracker: INotebookTracker): boolean {
  const model = tracker.activeCell?.model;
  return model?.type === 'code' && !hasOtherMagic(model.sharedModel.getSource());
}

/** Ask for the number of ranks unless it is given, write the line, run the cell. */
export async function trainActiveCell(
  tracker: INotebookTracker,
  trans: TranslationBundle,
  processes: { given: number | null; usual: number; launcher: string }
): Promise<void> {
  const panel = tracker.currentWidget;
  const cell = tracker.activeCell;
  if (!panel || !cell || !canTrain(tracker)) {
    return;
  }
  const { sharedModel } = cell.model;
  const usual = processesOf(sharedModel.getSource()) ?? processes.usual;
  const count = processes.given ?? (await askForProcesses(usual, trans));
  if (count === null) {
    return;
  }
  const source = sharedModel.getSource();
  const isNew = !isTrainingCell(source);
  const flags = `--processes ${count} --launcher ${processes.launcher}`;
  sharedModel.setSource(
    isNew && processes.launcher ? withFlags(source, flags) : withProcesses(source, count)
  );
  if (await loadMagics(panel, trans)) {
    panel.content.deselectAll();
    await NotebookActions.run(panel.content, panel.sessionContext);
  }
}

async function askForProcesses(
  usual: number,
  trans: TranslationBundle
): Promise<number | null> {
  const answer = await InputDialog.getNumber({
    title: trans.__('Train this cell'),
    label: trans.__('Number of ranks on each node'),
    value: usual,
    okLabel: trans.__('Train'),
    cancelLabel: trans.__('Cancel')
  });
  const count = Math.round(answer.value ?? 0);
  return answer.button.accept && count >= 1 && count <= MOST_PROCESSES ? count : null;
}

/** The kernel may not know the magic yet; loading it twice does no harm. */
export async function loadMagics(
  panel: NotebookPanel,
  trans: TranslationBundle
): Promise<boolean> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    Notification.warning(trans.__('The notebook has no kernel that could train the cell.'));
    return false;
  }
  const request = { code: LOAD_MAGICS, silent: true, store_history: false };
  const reply = await kernel.requestExecute(request).done;
  if (reply.content.status === 'ok') {
    return true;
  }
  Notification.error(trans.__('The kernel cannot load jupyter_sdt: is it installed there?'));
  return false;
}
