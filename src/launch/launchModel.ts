/** The launch form without its looks: what is chosen, what is wrong, what would start. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { IStartRequest, JobsApi, JobsApiError } from '../api/api';
import { ICellAtHand, ICells } from './cells';
import { splitCell, withFlags } from './cellText';
import { allFields, fieldAtFault, ILaunchSchema } from '../api/launchSchema';
import { ILaunchValues, Problem, problemsOf, readValues, writeValues } from './launchValues';
import { IFlagWord, readFlags, writeFlags } from './magicLine';
import { IJobSummary } from '../api/models';
import { errorText } from '../ui/format';
import { Planner } from './planner';
import { IPlanReply } from '../api/replies';

const PAUSE_MS = 400;
/** Switches that the form has buttons for instead. */
const SWITCHES = ['--wait', '--no-wait', '--plan', '--help'];
/** What the server refuses to plan, and the kernel can do. */
const KERNEL_ONLY = ['--in', '--scale'];

/** What is wrong with a field: our words or the server's. */
export interface IFieldFault {
  problem: Problem | null;
  message: string;
}

/** What the form works with. */
export interface ILaunchContext {
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
  values: ILaunchValues = {};
  /** By property. */
  faults: { [name: string]: IFieldFault } = {};
  /** What is wrong, but with no field of the form. */
  problem = '';
  /** Only the kernel can do this: planning is refused, running the cell is not. */
  isForKernel = false;

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
    this.values = { ...this.values, [name]: text };
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
    const script = this.target === 'file' ? this.path.trim() : '';
    const values = script ? { ...this.values, entry_point: script } : this.values;
    const own = this.schema ? writeValues(this.schema, values) : [];
    return writeFlags([...own, ...this._others]);
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
      this.values = { ...this._context.defaults(), ...this.values };
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

  /** A training cell brings its own flags; any other leaves the form as it is. */
  private _takeCell(): void {
    const flags = this.cell ? splitCell(this.cell.source).flags : null;
    if (!this.schema || flags === null || flags === this._read) {
      return;
    }
    this._read = flags;
    const ons = allFields(this.schema).filter(({ kind }) => kind === 'on');
    const switches = [...SWITCHES, ...ons.map(({ flag }) => flag)];
    try {
      const read = readFlags(flags, flag => switches.includes(flag));
      const { values, others } = readValues(this.schema, read);
      this.values = values;
      this._others = others;
    } catch {
      // The plan says what is wrong with the line.
    }
  }

  private _touch(pauseMs = PAUSE_MS): void {
    const problems = this.schema ? problemsOf(this.schema, this.values) : [];
    this.faults = Object.fromEntries(
      problems.map(([name, problem]) => [name, { problem, message: '' }])
    );
    const request = this._request();
    if (this._isShown && request && problems.length === 0) {
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
    if (this.target === 'file') {
      return this.path.trim() ? { cell: withFlags('', this.flags) } : null;
    }
    const { cell } = this;
    return cell && { cell: withFlags(cell.source, this.flags), notebook: cell.notebook };
  }

  private _onPlan(): void {
    const { error } = this._planner;
    this.problem = '';
    this.isForKernel = false;
    if (error) {
      this._blame(error);
    }
    this._changed.emit();
  }

  /** Show a refusal beside its field, or above the form. */
  private _blame(error: unknown): void {
    const argument = error instanceof JobsApiError ? error.argument : '';
    const isInKernel = argument.startsWith('$') || KERNEL_ONLY.includes(argument);
    this.isForKernel = this.target === 'cell' && isInKernel;
    const field = fieldAtFault(this.schema!, argument);
    if (field && !this.isForKernel) {
      this.faults = { [field.name]: { problem: null, message: errorText(error) } };
    } else if (!this.isForKernel) {
      this.problem = errorText(error);
    }
  }

  private readonly _planner: Planner;
  private _others: IFlagWord[] = [];
  private _read: string | null = null;
  private _loading: Promise<void> | null = null;
  private _isShown = false;
  private readonly _changed = new Signal<this, void>(this);
}
