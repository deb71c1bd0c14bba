/** What JupyterLab is told to activate. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { JobsApi } from './api';
import { rendererFactory, RANK } from './renderer';
import { NAMESPACE, PluginIds } from './tokens';

/** Draws jobs below their cells. */
const renderer: JupyterFrontEndPlugin<void> = {
  id: PluginIds.renderer,
  description: 'Draws training jobs below their cells, live and saved.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (app, registry: IRenderMimeRegistry, translator: ITranslator | null) => {
    const api = new JobsApi(app.serviceManager.serverSettings);
    const trans = (translator ?? nullTranslator).load(NAMESPACE);
    const actions = { stop: (jobName: string) => void api.stop(jobName) };
    registry.addFactory(
      rendererFactory({ api, trans, actions, showPoints: () => false }),
      RANK
    );
  }
};

export default [renderer];
