/** How curves are drawn: over what, how smooth, on which scale. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Check } from '../ui/check';
import { IChartChoice } from './pageLines';

interface IControlsProps {
  choice: IChartChoice;
  onChange: (choice: IChartChoice) => void;
  trans: TranslationBundle;
  /** Ranks cannot be told apart here. */
  together?: boolean;
}

export function ChartControls({
  choice,
  onChange,
  trans,
  together
}: IControlsProps): JSX.Element {
  const set = (change: Partial<IChartChoice>) => onChange({ ...choice, ...change });
  return (
    <div className="sdt-Controls" role="group" aria-label={trans.__('How curves are drawn')}>
      <label>
        {trans.__('By')}
        <select
          className="sdt-Input"
          value={choice.x}
          onChange={event => set({ x: event.target.value === 'time' ? 'time' : 'step' })}
        >
          <option value="step">{trans.__('step')}</option>
          <option value="time">{trans.__('time')}</option>
        </select>
      </label>
      <label>
        {trans.__('Smoothing')}
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={choice.smoothing}
          onChange={event => set({ smoothing: Number(event.target.value) })}
        />
      </label>
      <Check
        label={trans.__('Logarithmic')}
        value={choice.logarithmic}
        onChange={logarithmic => set({ logarithmic })}
      />
      {!together && (
        <Check
          label={trans.__('Each rank')}
          value={choice.byRank}
          onChange={byRank => set({ byRank })}
        />
      )}
    </div>
  );
}
