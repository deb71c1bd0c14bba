/** The active cell of JupyterLab's active notebook. */
import { Cell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import { ICellAtHand, ICells } from '../launch/cells';
import { canTrain, loadMagics } from './trainCell';

/** Follows the tracker. */
export class NotebookCells implements ICells {
  constructor(
    private readonly _tracker: INotebookTracker | null,
    private readonly _trans: TranslationBundle
  ) {
    _tracker?.activeCellChanged.connect(() => this._follow());
    _tracker?.currentChanged.connect(() => this._follow());
    this._follow();
  }

  /** Another cell is active, or its text has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The active cell, null where there is none that could be trained. */
  read(): ICellAtHand | null {
    const tracker = this._tracker;
    if (!tracker?.activeCell || !canTrain(tracker)) {
      return null;
    }
    return {
      source: tracker.activeCell.model.sharedModel.getSource(),
      notebook: tracker.currentWidget?.context.localPath ?? ''
    };
  }

  /** Replace the cell's text. */
  write(source: string): void {
    this._tracker?.activeCell?.model.sharedModel.setSource(source);
  }

  /** Insert a code cell below the active one and make it active; false without a notebook. */
  insert(source: string): boolean {
    const notebook = this._tracker?.currentWidget?.content;
    if (!notebook) {
      return false;
    }
    NotebookActions.insertBelow(notebook);
    this.write(source);
    return true;
  }

  /** Run it; false without a kernel that could. */
  async run(): Promise<boolean> {
    const panel = this._tracker?.currentWidget;
    if (!panel?.sessionContext.session?.kernel || !(await loadMagics(panel, this._trans))) {
      return false;
    }
    panel.content.deselectAll();
    // The end of a training cell may be far away: nobody waits for it here.
    void NotebookActions.run(panel.content, panel.sessionContext);
    return true;
  }

  private _follow(): void {
    const cell = this._tracker?.activeCell ?? null;
    if (cell !== this._cell) {
      this._cell?.model?.contentChanged.disconnect(this._tell);
      this._cell = cell;
      cell?.model.contentChanged.connect(this._tell);
      this._tell();
    }
  }

  private readonly _tell = () => this._changed.emit();

  private _cell: Cell | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
