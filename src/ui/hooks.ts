/** What components share. */
import { ISignal } from '@lumino/signaling';
import * as React from 'react';
import { onSecond, secondMs } from './seconds';
import { SightContext } from './sight';

/** Render again when the signal has fired: at most once per frame, and not while out of sight. */
export function useSignalFrames<T, A>(signal: ISignal<T, A>): number {
  const sight = React.useContext(SightContext);
  const [count, setCount] = React.useState(0);
  React.useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = 0;
      setCount(before => before + 1);
    };
    const onSignal = () => {
      if (sight.isSeen) {
        frame = frame || requestAnimationFrame(draw);
      }
    };
    signal.connect(onSignal);
    sight.shown.connect(onSignal);
    onSignal();
    return () => {
      cancelAnimationFrame(frame);
      signal.disconnect(onSignal);
      sight.shown.disconnect(onSignal);
    };
  }, [signal, sight]);
  return count;
}

/** Seconds that go on while `running`, from a value heard at `heardMs` of `performance.now()`. */
export function useElapsed(heard: number, running: boolean, heardMs: number): number {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => (running ? onSecond(draw) : undefined), [running]);
  return running ? heard + Math.max(0, secondMs() - heardMs) / 1000 : heard;
}

/** Seconds until a moment (since the epoch), counted down; never below 0. */
export function useRemaining(moment: number): number {
  const [now, setNow] = React.useState(Date.now());
  React.useEffect(() => onSecond(() => setNow(Date.now())), [moment]);
  return Math.max(0, Math.ceil(moment - now / 1000));
}

/**
 * A control's value that changes with the keystroke, although what it belongs to is drawn with the
 * next frame: otherwise the cursor would jump to the end.
 */
export function useOwnValue<T>(
  value: T,
  onChange: (value: T) => void
): [T, (value: T) => void] {
  const [own, setOwn] = React.useState(value);
  React.useEffect(() => setOwn(value), [value]);
  const change = (next: T) => {
    setOwn(next);
    onChange(next);
  };
  return [own, change];
}
