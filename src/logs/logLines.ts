/** A rank's log as a list of lines of which only those in sight are held. */
import { ISignal, Signal } from '@lumino/signaling';
import { JobsApi } from '../api/api';
import { ILogMatch, LogLevel } from '../api/logModels';

/** Lines that are asked for at once. */
export const PAGE_LINES = 200;
/** Pages that are held; older ones are asked for again. */
export const MOST_PAGES = 40;
/** More matches than anybody reads: then the search should say more. */
const MOST_MATCHES = 5000;

/** What is listed: nothing means every line. */
export interface ILogFilter {
  text: string;
  level: LogLevel;
}

/** Any log, however long, by line; or those of its lines that fit a filter. */
export class LogLines {
  constructor(
    private readonly _api: JobsApi,
    private readonly _jobName: string,
    readonly rank: number,
    readonly filter: ILogFilter = { text: '', level: '' }
  ) {}

  /** Whole lines of the log. */
  total = 0;

  /** Bytes of the log. */
  size = 0;

  /** What fits the filter so far. */
  matches: readonly ILogMatch[] = [];

  /** Whether the search has more to read at this moment. */
  isSearching = false;

  /** Anything above, or the lines held, have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether only what fits is listed. */
  get isFiltered(): boolean {
    return this.filter.text !== '' || this.filter.level !== '';
  }

  /** How many lines are listed. */
  get count(): number {
    return this.isFiltered ? this.matches.length : this.total;
  }

  /** Whether there may be more matches than are held. */
  get isFull(): boolean {
    return this.matches.length >= MOST_MATCHES;
  }

  /** A listed line, null while it is on its way; asks for its page. */
  line(place: number): ILogMatch | null {
    if (this.isFiltered) {
      return this.matches[place] ?? null;
    }
    const page = Math.floor(place / PAGE_LINES);
    const lines = this._pages.get(page);
    if (!lines) {
      void this._load(page);
    }
    const text = lines?.[place % PAGE_LINES];
    return text === undefined ? null : { line: place, text };
  }

  /** Look how the log has grown. */
  async refresh(): Promise<void> {
    if (this._refreshing) {
      return;
    }
    this._refreshing = true;
    try {
      await (this.isFiltered ? this._search() : this._count());
    } finally {
      this._refreshing = false;
    }
  }

  /** Forget everything; what is on its way is not taken any more. */
  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  private async _count(): Promise<void> {
    const before = this.total;
    const found = await this._api.logLines(this._jobName, this.rank, 0, 0);
    if (found.total < before) {
      this._pages.clear(); // the file was replaced
    }
    // The last page was not full yet.
    this._pages.delete(Math.floor(before / PAGE_LINES));
    this.total = found.total;
    this.size = found.size;
    if (found.total !== before) {
      this._tell();
    }
  }

  private async _load(page: number): Promise<void> {
    if (this._loading.has(page) || this._isDisposed) {
      return;
    }
    this._loading.add(page);
    try {
      const first = page * PAGE_LINES;
      const found = await this._api.logLines(this._jobName, this.rank, first, PAGE_LINES);
      this._keep(page, found.lines);
      this._tell();
    } catch {
      // Whoever looks at these lines again asks again.
    } finally {
      this._loading.delete(page);
    }
  }

  private _keep(page: number, lines: string[]): void {
    this._pages.set(page, lines);
    if (this._pages.size > MOST_PAGES) {
      const [oldest] = this._pages.keys();
      this._pages.delete(oldest);
    }
  }

  private async _search(): Promise<void> {
    const { text, level } = this.filter;
    this.isSearching = true;
    for (let more = true; more && !this.isFull && !this._isDisposed;) {
      const query = { text, level, cursor: this._cursor };
      const found = await this._api.logMatches(this._jobName, this.rank, query);
      this.matches = [...this.matches, ...found.matches].slice(0, MOST_MATCHES);
      this.size = found.size;
      more = found.more && found.cursor > this._cursor;
      this._cursor = found.cursor;
      this._tell();
    }
    this.isSearching = false;
    this._tell();
  }

  private _tell(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _cursor = 0;
  private _refreshing = false;
  private _isDisposed = false;
  private readonly _pages = new Map<number, string[]>();
  private readonly _loading = new Set<number>();
  private readonly _changed = new Signal<this, void>(this);
}
