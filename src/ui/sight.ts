/** What is out of sight need not be drawn, nor asked for: pages in tabs behind others. */
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

/** Whether something can be seen, and when it comes into sight again. */
export class Sight {
  constructor(private readonly _isSeen: () => boolean) {}

  /** Whether it can be seen now. */
  get isSeen(): boolean {
    return this._isSeen();
  }

  /** It has come into sight. */
  get shown(): ISignal<this, void> {
    return this._shown;
  }

  /** Tell that it has come into sight. */
  tell(): void {
    this._shown.emit();
  }

  private readonly _shown = new Signal<this, void>(this);
}

/** The sight of the widget that a component is drawn in; always in sight without one. */
export const SightContext = React.createContext(new Sight(() => true));
