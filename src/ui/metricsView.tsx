/** Every metric of a job as a chart, and how they are drawn. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { JobFeed } from '../jobFeed';
import { IChartChoice, IMetricLines, metricLines, metricNames } from '../pageLines';
import { curveSummary, curveTitle } from '../words';
import { ChartView } from './chartView';
import { useSignalFrames } from './hooks';
import { MANY_METRICS, MetricChooser } from './metricChooser';

export interface IMetricsProps {
  feed: JobFeed;
  trans: TranslationBundle;
  /** How curves are drawn at first. */
  choice: Partial<IChartChoice>;
  showPoints: boolean;
}

const INITIAL: IChartChoice = { x: 'step', smoothing: 0, logarithmic: false, byRank: false };

export function MetricsView({ feed, trans, showPoints, ...props }: IMetricsProps): JSX.Element {
  const frames = useSignalFrames(feed.changed);
  const [choice, setChoice] = React.useState({ ...INITIAL, ...props.choice });
  const [hidden, setHidden] = React.useState<ReadonlySet<string>>(new Set());
  const names = React.useMemo(() => metricNames(feed.table), [feed, frames]);
  const metrics = React.useMemo(
    () => metricLines(feed.table, choice, hidden),
    [feed, choice, hidden, frames]
  );
  return (
    <>
      <Controls choice={choice} onChange={setChoice} trans={trans} />
      {names.length > MANY_METRICS && (
        <MetricChooser {...{ names, hidden, trans }} onChange={setHidden} />
      )}
      <div className="sdt-Page-charts">
        {metrics.map(metric => (
          <MetricChart key={metric.name} {...{ metric, choice, trans, showPoints }} />
        ))}
      </div>
      {names.length === 0 && (
        <p className="sdt-Note">
          {feed.phase === 'following'
            ? trans.__('Waiting for the first step')
            : trans.__('Nothing was recorded.')}
        </p>
      )}
    </>
  );
}

interface IMetricChartProps {
  metric: IMetricLines;
  choice: IChartChoice;
  trans: TranslationBundle;
  showPoints: boolean;
}

function MetricChart({ metric, choice, trans, showPoints }: IMetricChartProps): JSX.Element {
  const { name, combined: series, lines } = metric;
  const named = choice.byRank
    ? lines.map(line => ({ ...line, label: trans.__('rank %1', line.label) }))
    : lines;
  return (
    <ChartView
      title={curveTitle({ name, series })}
      summary={curveSummary({ name, series }, trans)}
      xLabel={choice.x === 'step' ? trans.__('step') : trans.__('seconds')}
      lines={named}
      trans={trans}
      height={210}
      logarithmic={choice.logarithmic}
      showPoints={showPoints}
    />
  );
}

export interface IControlsProps {
  choice: IChartChoice;
  onChange: (choice: IChartChoice) => void;
  trans: TranslationBundle;
  /** Ranks cannot be told apart here. */
  together?: boolean;
}

export function Controls({ choice, onChange, trans, together }: IControlsProps): JSX.Element {
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

interface ICheckProps {
  label: string;
  value: boolean;
  onChange: (value: boolean) => void;
}

export function Check({ label, value, onChange }: ICheckProps): JSX.Element {
  return (
    <label>
      <input
        type="checkbox"
        checked={value}
        onChange={event => onChange(event.target.checked)}
      />
      {label}
    </label>
  );
}
