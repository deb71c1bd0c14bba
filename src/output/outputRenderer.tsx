/** What jobs and studies below a cell have in common: saved, live, and saved again at the end. */
import { TranslationBundle } from '@jupyterlab/translation';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { JSONObject, PartialJSONObject } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal } from '@lumino/signaling';
import { IJobActions } from '../jobs/jobHeader';
import { IJobManager } from '../jobs/managing';
import { SeenWidget } from '../ui/seenWidget';

/** The widget's factory has rank -10; ours go before it. */
export const RANK = -20;
/** What ipywidgets displays beside it; a saved notebook must not keep it. */
const WIDGET_VIEW = 'application/vnd.jupyter.widget-view+json';

/** What a renderer works with. */
interface IRendererContext {
  manager: IJobManager;
  trans: TranslationBundle;
  actions: IJobActions;
  showPoints: () => boolean;
}

/** What is followed while an output is live. */
interface IFollowing extends IDisposable {
  readonly changed: ISignal<unknown, void>;
}

/** What a kind of output knows: `S` is what a notebook saves, `F` what is followed. */
export interface IOutputKind<S, F extends IFollowing> {
  mimetype: string;
  /** Throws PayloadError for anything else. */
  read: (data: unknown) => S;
  /** Null when everything has been saved: nothing is asked for any more. */
  nameOf: (saved: S) => string | null;
  follow: (saved: S, context: IRendererContext) => F;
  /** What is saved at the end; null before it. */
  completed: (saved: S, feed: F) => S | null;
  /** An SVG of it; empty without anything to draw. */
  picture: (saved: S, feed: F, context: IRendererContext) => string;
  view: (saved: S, feed: F | null, context: IRendererContext) => JSX.Element;
}

/** Draws one output; nothing of its data becomes HTML. */
class OutputRenderer<S, F extends IFollowing>
  extends SeenWidget
  implements IRenderMime.IRenderer
{
  constructor(
    private readonly _kind: IOutputKind<S, F>,
    private readonly _context: IRendererContext
  ) {
    super();
    this.addClass('sdt-JobRenderer');
  }

  /** Show the model's data, and follow what it is about unless everything was saved. */
  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const saved = this._kind.read(model.data[this._kind.mimetype]);
    this._model = model;
    this._saved = saved;
    const name = this._kind.nameOf(saved);
    if (name === null || name !== this._followed) {
      this._leave();
    }
    if (name !== null && this._feed === null) {
      this._followed = name;
      this._feed = this._kind.follow(saved, this._context);
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

  protected override renderSeen(): JSX.Element | null {
    return this._saved && this._kind.view(this._saved, this._feed, this._context);
  }

  private _onChanged(): void {
    const { _feed: feed, _saved: saved } = this;
    const completed = feed && saved && this._kind.completed(saved, feed);
    if (completed) {
      this._save(completed, feed);
    }
  }

  private _save(saved: S, feed: F): void {
    const data: PartialJSONObject = {
      ...(this._model!.data as PartialJSONObject),
      [this._kind.mimetype]: saved as unknown as JSONObject
    };
    // Opened later there is no widget any more, and a picture made by the kernel stays.
    delete data[WIDGET_VIEW];
    const drawn = 'image/png' in data ? '' : this._kind.picture(saved, feed, this._context);
    if (drawn) {
      data['image/svg+xml'] = drawn;
    }
    this._model!.setData({ data });
  }

  private _leave(): void {
    this._feed?.dispose();
    this._feed = null;
    this._followed = null;
  }

  private _model: IRenderMime.IMimeModel | null = null;
  private _saved: S | null = null;
  private _feed: F | null = null;
  private _followed: string | null = null;
}

/** The factory for a kind's mimetype. */
export function rendererFactory<S, F extends IFollowing>(
  kind: IOutputKind<S, F>,
  context: IRendererContext
): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [kind.mimetype],
    defaultRank: RANK,
    createRenderer: () => new OutputRenderer(kind, context)
  };
}
