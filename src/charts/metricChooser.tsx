/** Which of many metrics are drawn. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** With fewer there is nothing to choose. */
export const MANY_METRICS = 6;

interface IChooserProps {
  names: readonly string[];
  hidden: ReadonlySet<string>;
  onChange: (hidden: ReadonlySet<string>) => void;
  trans: TranslationBundle;
}

export function MetricChooser({ names, hidden, onChange, trans }: IChooserProps) {
  const shown = names.filter(name => !hidden.has(name)).length;
  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) {
      next.add(name);
    }
    onChange(next);
  };
  return (
    <details className="sdt-Chooser">
      <summary>{trans.__('Metrics: %1 of %2', shown, names.length)}</summary>
      <div
        className="sdt-Controls"
        role="group"
        aria-label={trans.__('Metrics that are drawn')}
      >
        {names.map(name => (
          <label key={name}>
            <input type="checkbox" checked={!hidden.has(name)} onChange={() => toggle(name)} />
            {name}
          </label>
        ))}
        <button className="sdt-Button" onClick={() => onChange(new Set())}>
          {trans.__('All')}
        </button>
        <button className="sdt-Button" onClick={() => onChange(new Set(names))}>
          {trans.__('None')}
        </button>
      </div>
    </details>
  );
}
