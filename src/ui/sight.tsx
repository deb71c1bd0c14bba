/** What is out of sight need not be drawn, nor asked for: pages in tabs behind others. */
import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';
import { Kept, KeptContext } from './kept';

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

/** A React widget whose components know whether they can be seen. */
export abstract class SeenWidget extends ReactWidget {
  /** Of this widget. */
  readonly sight = new Sight(() => this.isVisible);

  /** Forget who listens. */
  override dispose(): void {
    Signal.clearData(this.sight);
    super.dispose();
  }

  /** What it shows. */
  protected abstract renderSeen(): JSX.Element | null;

  protected override render(): JSX.Element {
    return (
      <SightContext.Provider value={this.sight}>
        <KeptContext.Provider value={this._kept}>{this.renderSeen()}</KeptContext.Provider>
      </SightContext.Provider>
    );
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.sight.tell();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.sight.tell();
  }

  private readonly _kept: Kept = new Map();
}
