/** What the side panel shows: the jobs or the launch form, and which jobs are selected. */
import { ISignal, Signal } from '@lumino/signaling';

export type PanelView = 'jobs' | 'form';

/** Shared by the panel and the commands. */
export class PanelState {
  view: PanelView = 'jobs';
  selected: ReadonlySet<string> = new Set();

  /** Anything above has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Show the jobs or the form. */
  show(view: PanelView): void {
    this.view = view;
    this._changed.emit();
  }

  /** Select a job, or no longer. */
  toggle(jobName: string): void {
    const selected = new Set(this.selected);
    if (!selected.delete(jobName)) {
      selected.add(jobName);
    }
    this._select(selected);
  }

  /** Select none. */
  clear(): void {
    this._select(new Set());
  }

  /** A job that is gone cannot be selected. */
  forget(jobName: string): void {
    const selected = new Set(this.selected);
    if (selected.delete(jobName)) {
      this._select(selected);
    }
  }

  private _select(selected: ReadonlySet<string>): void {
    this.selected = selected;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
}
