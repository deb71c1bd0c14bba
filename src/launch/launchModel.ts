/** The launch form without its looks: what is chosen, what is wrong, what would start. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { IStartRequest, JobsApi } from '../api/api';
import { ILaunchSchema } from '../api/launchSchema';
import { IJobSummary } from '../api/models';
import { IPlanReply } from '../api/replies';
import { errorText } from '../ui/format';
import { ICellAtHand, ICells } from './cells';
import { cellRequest, scriptRequest, withFlags } from './cellText';
import { IFaults, NO_REFUSAL, refusalOf } from './launchFaults';
import { LaunchLine } from './launchLine';
import { ILaunchValues } from './launchValues';
import { Planner } from './planner';

const PAUSE_MS = 400;

/** What the form works with. */
interface ILaunchContext {
  api: JobsApi;
  cells: ICells;
  defaults: () => ILaunchValues;
}

/** Loads the schema when the form is first shown, and plans while it is shown. */
export class LaunchModel implements IDisposable {
  constructor(private readonly _context: ILaunchContext) {
    this._planner = new Planner(_context.api);
    this._planner.settled.connect(() => this._onPlan());
    _context.cells.changed.connect(() => this._onCell());
  }

  schema: ILaunchSchema | null = null;
  target: 'cell' | 'file' = 'cell';
  /** Of the script, below the server's root. */
  path = '';
  /** By property. */
  faults: IFaults = {};
  /** What is wrong, but with no field of the form. */
  problem = '';
  /** Only the kernel can do this: planning is refused, running the cell is not. */
  isForKernel = false;

  /** By property. */
  get values(): ILaunchValues {
    return this._line.values;
  }

  /** Anything above has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What would start. */
  get plan(): IPlanReply | null {
    return this._planner.plan;
  }

  /** Whether the plan is being made. */
  get isPlanning(): boolean {
    return this._planner.isPlanning;
  }

  /** Whether it was disposed. */
  get isDisposed(): boolean {
    return this._planner.isDisposed;
  }

  /** Plan no more. */
  dispose(): void {
    this._planner.dispose();
    Signal.clearData(this);
  }

  /** The form is on the screen; with a path it is about that script. */
  async show(path?: string): Promise<void> {
    this._isShown = true;
    if (path !== undefined) {
      this.target = 'file';
      this.path = path;
    }
    await this._load();
    this._takeCell();
    this._touch(0);
  }

  /** The form is gone from the screen. */
  hide(): void {
    this._isShown = false;
    this._planner.forget();
  }

  /** Change a field. */
  set(name: string, text: string): void {
    this._line.set({ [name]: text });
    this._touch();
  }

  /** Train a cell or a script. */
  choose(target: 'cell' | 'file', path = this.path): void {
    this.target = target;
    this.path = path;
    this._takeCell();
    this._touch();
  }

  /** The active cell, when it is what will be trained. */
  get cell(): ICellAtHand | null {
    return this.target === 'cell' ? this._context.cells.read() : null;
  }

  /** The flags as they stand in the magic's line. */
  get flags(): string {
    return this._line.flags(this.target === 'file' ? this.path.trim() : '');
  }

  /** Whether the job could be started now. */
  get isReady(): boolean {
    return (
      this._request() !== null && (this.plan !== null || this.isForKernel) && !this.isPlanning
    );
  }

  /** Write the flags into the active cell. */
  writeCell(): void {
    const { cell } = this;
    if (cell) {
      this._context.cells.write(withFlags(cell.source, this.flags));
    }
  }

  /** Start: the cell in its notebook, or else a job by the server, whose row is returned. */
  async start(): Promise<IJobSummary | null> {
    if (this.target === 'cell') {
      this.writeCell();
      if (await this._context.cells.run()) {
        return null;
      }
    }
    const request = this._request();
    return request && this._context.api.start(request);
  }

  /** Asked once, although the command and the form both show the form; again after a failure. */
  private _load(): Promise<void> {
    return (this._loading ??= this._loadNow().finally(() => (this._loading = null)));
  }

  private async _loadNow(): Promise<void> {
    if (this.schema) {
      return;
    }
    this.problem = '';
    try {
      this.schema = await this._context.api.schema();
      this._line = new LaunchLine(this.schema, { ...this._context.defaults(), ...this.values });
    } catch (error) {
      this.problem = errorText(error);
    }
  }

  private _onCell(): void {
    if (this._isShown && this.target === 'cell') {
      this._takeCell();
      this._touch();
    }
  }

  private _takeCell(): void {
    if (this.cell) {
      this._line.take(this.cell.source);
    }
  }

  private _touch(pauseMs = PAUSE_MS): void {
    this.faults = this._line.faults();
    const request = this._request();
    if (this._isShown && request && Object.keys(this.faults).length === 0) {
      this._planner.ask(request, pauseMs);
    } else {
      this._planner.forget();
    }
    this._changed.emit();
  }

  private _request(): IStartRequest | null {
    if (!this.schema) {
      return null;
    }
    return this.target === 'file'
      ? scriptRequest(this.path, this.flags)
      : cellRequest(this.cell, this.flags);
  }

  private _onPlan(): void {
    const { error } = this._planner;
    const hasKernel = this.target === 'cell';
    const refusal = error ? refusalOf(this.schema!, error, hasKernel) : NO_REFUSAL;
    this.isForKernel = refusal.isForKernel;
    this.problem = refusal.problem;
    this.faults = refusal.faults;
    this._changed.emit();
  }

  private readonly _planner: Planner;
  private _line = new LaunchLine(null, {});
  private _loading: Promise<void> | null = null;
  private _isShown = false;
  private readonly _changed = new Signal<this, void>(this);
}
