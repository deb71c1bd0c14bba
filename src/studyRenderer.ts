/** A scaling study below its cell: saved, live, and saved again at its end. */
import { ReactWidget } from '@jupyterlab/ui-components';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { JSONObject, PartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';
import { fromPoints } from './curves';
import { IJobManager } from './jobManager';
import { Point } from './models';
import { picture } from './picture';
import { IRendererContext, WIDGET_VIEW } from './renderer';
import { StudyFeed } from './studyFeed';
import { asSavedStudy, ISavedStudy, IStudyTable } from './studyModels';
import { StudyOutput } from './ui/studyOutput';

/** What the kernel displays; see jupyter_sdt/notebook/study_output.py. */
export const STUDY_MIMETYPE = 'application/vnd.jupyter-sdt.study+json';

/** Draws one study; nothing of its data becomes HTML. */
export class StudyRenderer extends ReactWidget implements IRenderMime.IRenderer {
  constructor(
    private readonly _context: IRendererContext,
    private readonly _manager: IJobManager
  ) {
    super();
    this.addClass('sdt-JobRenderer');
  }

  /** Show the model's data, and follow the study while it is live. */
  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const saved = asSavedStudy(model.data[STUDY_MIMETYPE]);
    this._model = model;
    this._saved = saved;
    if (!saved.live) {
      this._leave();
    } else if (this._feed?.studyName !== saved.study_name) {
      this._leave();
      const planned = saved.world_sizes.length * saved.repeats;
      this._feed = new StudyFeed(this._manager, saved.study_name, planned);
      this._feed.changed.connect(() => this._onChanged());
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
      : React.createElement(StudyOutput, {
          saved: this._saved,
          feed: this._feed,
          manager: this._manager,
          trans,
          actions,
          showPoints: showPoints()
        });
  }

  private _onChanged(): void {
    const { phase, study } = this._feed!;
    if (phase === 'ended' && study) {
      const names = study.jobs.map(job => job.job_name);
      this._save({ ...this._saved!, live: false, job_names: names, table: study.table });
    }
  }

  private _save(saved: ISavedStudy): void {
    const data: PartialJSONObject = {
      ...this._model!.data,
      [STUDY_MIMETYPE]: saved as unknown as JSONObject
    };
    // Opened later there is no widget any more, and a picture made by the kernel stays.
    delete data[WIDGET_VIEW];
    if (!('image/png' in data) && saved.table.rows.length > 0) {
      data['image/svg+xml'] = studyPicture(saved.table, saved.study_name);
    }
    this._model!.setData({ data });
  }

  private _leave(): void {
    this._feed?.dispose();
    this._feed = null;
  }

  private _model: IRenderMime.IMimeModel | null = null;
  private _saved: ISavedStudy | null = null;
  private _feed: StudyFeed | null = null;
}

function studyPicture({ rows, advice }: IStudyTable, name: string): string {
  const points = (key: 'throughput' | 'speedup' | 'efficiency') =>
    rows.map((row): Point => [row.world_size, row[key]]);
  const curves = [
    fromPoints('samples/s', points('throughput')),
    fromPoints('speedup', points('speedup')),
    fromPoints('efficiency', points('efficiency'))
  ];
  return picture(curves, `${name}: ${advice}`);
}

/** The factory for the study's mimetype. */
export function studyRendererFactory(
  context: IRendererContext,
  manager: IJobManager
): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [STUDY_MIMETYPE],
    defaultRank: -20,
    createRenderer: () => new StudyRenderer(context, manager)
  };
}
