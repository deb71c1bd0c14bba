/** Commands that show the panel, and the launch form in it. */
import { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandIds } from '../jobs/tokens';
import { LaunchModel } from '../launch/launchModel';
import { addFileCommand } from '../notebook/fileCommand';
import { trainingIcon } from '../ui/icons';
import { PanelState } from './panelState';

/** Where commands go, and what they need. */
interface IPanelCommandContext {
  app: JupyterFrontEnd;
  trans: TranslationBundle;
  labShell: ILabShell | null;
  palette: ICommandPalette | null;
  files: IDefaultFileBrowser | null;
  /** Of the panel's widget. */
  id: string;
  state: PanelState;
  launch: LaunchModel;
}

/** Register those that show the panel or the form, and put all of ours into the palette. */
export function addPanelCommands(context: IPanelCommandContext): void {
  const { app, trans, labShell, palette, files, id, state, launch } = context;
  const { commands } = app;
  const show = () => showPanel(app, labShell, id);
  commands.addCommand(CommandIds.show, {
    label: trans.__('Show Training Jobs'),
    caption: trans.__('Show the panel of distributed training'),
    icon: trainingIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: show
  });
  const path = {
    type: 'string',
    description: trans.__('A script below the root of the server')
  };
  commands.addCommand(CommandIds.launch, {
    label: trans.__('New Training Job…'),
    caption: trans.__('Choose instances, processes and distribution, and see what would start'),
    icon: trainingIcon,
    describedBy: { args: { type: 'object', properties: { path } } },
    execute: args => {
      state.show('form');
      show();
      return launch.show(typeof args.path === 'string' ? args.path : undefined);
    }
  });
  addFileCommand(commands, files, trans);
  const category = trans.__('Distributed Training');
  const inPalette = [
    ...[CommandIds.show, CommandIds.launch, CommandIds.open, CommandIds.compare],
    ...[CommandIds.stop, CommandIds.rerun, CommandIds.clone, CommandIds.remove]
  ];
  inPalette.forEach(command => palette?.addItem({ command, category }));
}

/** The side panel opens where it belongs; in a single-document shell there is none. */
function showPanel(app: JupyterFrontEnd, labShell: ILabShell | null, id: string): void {
  labShell?.expandLeft();
  app.shell.activateById(id);
}
