/** Widgets whose components know whether they can be seen, and remember what is out of sight. */
import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { Kept, KeptContext } from './kept';
import { Sight, SightContext } from './sight';

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
