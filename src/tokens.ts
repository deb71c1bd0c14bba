/** Names that other extensions and the settings refer to. */

/** Where translations, settings and commands of this extension live. */
export const NAMESPACE = 'jupyter-sdt';

/** Ids of the plugins; the first has the settings. */
export const PluginIds = {
  jobs: `${NAMESPACE}:plugin`,
  renderer: `${NAMESPACE}:renderer`
};
