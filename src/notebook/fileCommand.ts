/** "Train this file": from the file browser into the launch form. */
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { CommandIds } from '../jobs/tokens';
import { trainingIcon } from '../ui/icons';

/** What the launchers can start: python, or anything executable, which is mostly a shell script. */
const SCRIPT = /\.(py|sh)$/;

/** The script that is selected in the file browser; null when there is none. */
export function selectedScript(files: IDefaultFileBrowser | null): string | null {
  const items = files ? [...files.selectedItems()] : [];
  const script = items.find(({ type, path }) => type !== 'directory' && SCRIPT.test(path));
  // A drive's name, as in `RTC:train.py`, is the front end's alone.
  return script?.path.replace(/^[^/:]*:/, '') ?? null;
}

/** Register the command; the context menu is in schema/plugin.json. */
export function addFileCommand(
  commands: CommandRegistry,
  files: IDefaultFileBrowser | null,
  trans: TranslationBundle
): void {
  const description = trans.__(
    'The script; the one selected in the file browser when left out'
  );
  const path = { type: 'string', description };
  commands.addCommand(CommandIds.trainFile, {
    label: trans.__('Train This File…'),
    caption: trans.__('Train the selected script on several ranks'),
    icon: trainingIcon,
    describedBy: { args: { type: 'object', properties: { path } } },
    isVisible: args => typeof args.path === 'string' || selectedScript(files) !== null,
    execute: args => {
      const given = typeof args.path === 'string' ? args.path : selectedScript(files);
      return commands.execute(CommandIds.launch, given === null ? {} : { path: given });
    }
  });
}
