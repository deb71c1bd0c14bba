/** Below a cell: what the notebook has saved, then the live job, then saved again at its end. */
import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { JSONObject, PartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';
import { JobsApi } from './api';
import { toPoints, watchedCurves } from './curves';
import { asSavedJob } from './guards';
import { JobFeed } from './jobFeed';
import { ISavedJob } from './models';
import { picture } from './picture';
import { IJobActions } from './ui/jobHeader';
import { JobOutput } from './ui/jobOutput';
import { curveSummary, jobSummaryText } from './words';

/** What the kernel displays; see jupyter_sdt/notebook/output.py. */
export const MIMETYPE = 'application/vnd.jupyter-sdt.job+json';
/** The widget's factory has rank -10; ours goes before it. */
export const RANK = -20;
/** Of each curve, what stays in the notebook. */
const SAVED_POINTS = 2000;
/** What ipywidgets displays beside it; a saved notebook must not keep it. */
export const WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json';

/** What a renderer works with. */
export interface IRendererContext {
  api: JobsApi;
  trans: TranslationBundle;
  actions: IJobActions;
  showPoints: () => boolean;
}

/** Draws one job; nothing of its data becomes HTML. */
export class JobRenderer extends ReactWidget implements IRenderMime.IRenderer {
  constructor(private readonly _context: IRendererContext) {
    super();
    this.addClass('sdt-JobRenderer');
  }

  /** Show the model's data, and follow the job unless its curves are complete. */
  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = model;
    this._saved = asSavedJob(model.data[MIMETYPE]);
    if (this._saved.complete) {
      this._leave();
    } else if (this._feed?.jobName !== this._saved.job_name) {
      this._leave();
      this._feed = new JobFeed(this._context.api, this._saved.job_name);
      this._feed.changed.connect(() => this._onChanged());
    } else {
      this._onChanged();
    }
    this.update();
    await this.renderPromise;
  }

  /** Stop following. */
  override dispose(): void {
    this._leave();
    super.dispose();
  }

  protected override render(): JSX.Element | null {
    const { trans, actions, showPoints } = this._context;
    return this._saved === null
      ? null
      : React.createElement(JobOutput, {
          saved: this._saved,
          feed: this._feed,
          showPoints: showPoints(),
          trans,
          actions
        });
  }

  private _onChanged(): void {
    if (this._feed?.phase === 'ended' && this._feed.summary !== null) {
      this._save(this._feed);
    }
  }

  private _save(feed: JobFeed): void {
    const { trans } = this._context;
    const curves = watchedCurves(feed.table);
    const saved = completed(this._saved!, feed, SAVED_POINTS);
    const words = [jobSummaryText(saved, trans), ...curves.map(c => curveSummary(c, trans))];
    const data: PartialJSONObject = {
      ...this._model!.data,
      [MIMETYPE]: saved as unknown as JSONObject
    };
    // Opened later there is no widget any more, and a picture made by the kernel stays.
    delete data[WIDGET_VIEW];
    if (!('image/png' in data) && feed.table.names().length > 0) {
      data['image/svg+xml'] = picture(curves, words.join('; '));
    }
    this._model!.setData({ data });
  }

  private _leave(): void {
    this._feed?.dispose();
    this._feed = null;
  }

  private _model: IRenderMime.IMimeModel | null = null;
  private _saved: ISavedJob | null = null;
  private _feed: JobFeed | null = null;
}

/** What a notebook keeps of a job that has ended. */
function completed(saved: ISavedJob, feed: JobFeed, count: number): ISavedJob {
  const summary = feed.summary!;
  const curves = watchedCurves(feed.table);
  return {
    version: saved.version,
    job_name: summary.job_name,
    live: false,
    complete: true,
    status: summary.status,
    secondary_status: summary.secondary_status,
    failure_reason: summary.failure_reason,
    ...(feed.failure ? { failure: feed.failure } : {}),
    world_size: summary.world_size,
    elapsed_seconds: summary.elapsed_seconds,
    step: summary.step,
    total_steps: summary.total_steps,
    series: Object.fromEntries(curves.map(c => [c.name, toPoints(c, count)]))
  };
}

/** The factory for our mimetype. */
export function rendererFactory(context: IRendererContext): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [MIMETYPE],
    defaultRank: RANK,
    createRenderer: () => new JobRenderer(context)
  };
}
