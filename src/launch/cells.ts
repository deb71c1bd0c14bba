/** The active cell, as the launch form sees it. */
import { ISignal } from '@lumino/signaling';

/** A cell that can be trained. */
export interface ICellAtHand {
  source: string;
  /** Below the server's root; relative paths count from its folder. */
  notebook: string;
}

/** The notebook's side; notebookCells.ts is JupyterLab's. */
export interface ICells {
  /** The active cell, null where there is none that could be trained. */
  read(): ICellAtHand | null;
  /** Another cell is active, or its text has changed. */
  readonly changed: ISignal<unknown, void>;
  write(source: string): void;
  /** Run the active cell with the kernel; false when that is not possible. */
  run(): Promise<boolean>;
}
