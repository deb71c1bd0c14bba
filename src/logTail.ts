/** The end of a rank's log, and what is added to it. */
import { JobsApi } from './api';

/** Where a reader begins: this many bytes before the end. */
const FIRST_BYTES = 256 * 1024;
/** More lines than these are let go: the file has them all. */
export const MOST_LINES = 5000;
const PAGE_LINES = 2000;

/** Holds a bounded number of lines, however long the log is. */
export class LogTail {
  constructor(
    private readonly _api: JobsApi,
    private readonly _jobName: string,
    readonly rank: number
  ) {}

  /** The last lines, oldest first. */
  lines: readonly string[] = [];

  /** Whether there are older lines in the file. */
  isCut = false;

  /** Read on to the end; answers whether there was anything new. */
  async read(): Promise<boolean> {
    const before = this._cursor;
    for (let more = true; more;) {
      const query = `cursor=${this._cursor ?? -FIRST_BYTES}&limit=${PAGE_LINES}`;
      const page = await this._api.logs(this._jobName, this.rank, query);
      this._restartIfReplaced(page.start);
      this.isCut ||= this._cursor === null && page.start > 0;
      this._append(page.lines);
      more = page.more && page.cursor !== this._cursor;
      this._cursor = page.cursor;
    }
    return this._cursor !== before;
  }

  private _append(lines: readonly string[]): void {
    const all = [...this.lines, ...lines];
    this.isCut ||= all.length > MOST_LINES;
    this.lines = all.slice(-MOST_LINES);
  }

  private _restartIfReplaced(start: number): void {
    if (this._cursor !== null && start < this._cursor) {
      this.lines = [];
      this.isCut = false;
    }
  }

  private _cursor: number | null = null;
}

/** Lines that hold the text, in whatever case. */
export function matching(lines: readonly string[], text: string): readonly string[] {
  const wanted = text.toLowerCase();
  return wanted ? lines.filter(line => line.toLowerCase().includes(wanted)) : lines;
}
