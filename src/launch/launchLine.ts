/** The line of the magic as values of the form's fields, and back. Pure. */
import { allFields, ILaunchSchema } from '../api/launchSchema';
import { splitCell } from './cellText';
import { IFaults } from './launchFaults';
import { ILaunchValues, problemsOf, readValues, writeValues } from './launchValues';
import { IFlagWord, readFlags, writeFlags } from './magicLine';

/** Switches that the form has buttons for instead. */
const SWITCHES = ['--wait', '--no-wait', '--plan', '--help'];

/** What is chosen, with the flags that have no field; nothing while there is no schema. */
export class LaunchLine {
  constructor(
    private readonly _schema: ILaunchSchema | null,
    /** By property. */
    public values: ILaunchValues
  ) {}

  /** Change fields. */
  set(values: ILaunchValues): void {
    this.values = { ...this.values, ...values };
  }

  /** A training cell brings its own flags; any other leaves the form as it is. */
  take(source: string): void {
    const { flags } = splitCell(source);
    if (!this._schema || flags === null || flags === this._read) {
      return;
    }
    this._read = flags;
    const ons = allFields(this._schema).filter(({ kind }) => kind === 'on');
    const switches = [...SWITCHES, ...ons.map(({ flag }) => flag)];
    try {
      const read = readFlags(flags, flag => switches.includes(flag));
      const { values, others } = readValues(this._schema, read);
      this.values = values;
      this._others = others;
    } catch {
      // The plan says what is wrong with the line.
    }
  }

  /** The flags as they stand in the line; with a script it is that which is trained. */
  flags(script: string): string {
    const values = script ? { ...this.values, entry_point: script } : this.values;
    const own = this._schema ? writeValues(this._schema, values) : [];
    return writeFlags([...own, ...this._others]);
  }

  /** What is wrong with the values. */
  faults(): IFaults {
    const problems = this._schema ? problemsOf(this._schema, this.values) : [];
    return Object.fromEntries(
      problems.map(([name, problem]) => [name, { problem, message: '' }])
    );
  }

  private _others: IFlagWord[] = [];
  private _read: string | null = null;
}
