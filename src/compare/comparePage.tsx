/** Several jobs in the main area: each metric's curves over each other, and a table. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { comparedMetrics, comparedSizes, comparedStudies, IComparedMetric } from './compare';
import { Comparison } from './comparison';
import { short } from '../ui/format';
import { IJobManager } from '../jobs/managing';
import { IChartChoice } from '../charts/pageLines';
import { IJobSettings } from '../jobs/settings';
import { StudyFigure } from '../study/studyLines';
import { IStudy } from '../api/studyModels';
import { ChartView } from '../charts/chartView';
import { CompareTable } from './compareTable';
import { useSignalFrames } from '../ui/hooks';
import { SeenWidget } from '../ui/seenWidget';
import { ChartControls } from '../charts/chartControls';

interface ICompareProps {
  jobNames: readonly string[];
  /** The same for the same jobs in any order. */
  key: string;
  manager: IJobManager;
  settings: IJobSettings;
  trans: TranslationBundle;
}

/** The page as a widget; it follows its jobs until it is closed. */
export class ComparePage extends SeenWidget {
  constructor(private readonly _props: ICompareProps) {
    super();
    this.addClass('sdt-Page');
    this._comparison = new Comparison(_props.manager, _props.jobNames);
  }

  /** Tells it from other pages. */
  get key(): string {
    return this._props.key;
  }

  /** Which jobs it shows. */
  get jobNames(): readonly string[] {
    return this._props.jobNames;
  }

  /** Follow no more. */
  override dispose(): void {
    this._comparison.dispose();
    super.dispose();
  }

  protected override renderSeen(): JSX.Element {
    const { settings, trans } = this._props;
    return <CompareView comparison={this._comparison} settings={settings} trans={trans} />;
  }

  private readonly _comparison: Comparison;
}

interface IViewProps {
  comparison: Comparison;
  settings: IJobSettings;
  trans: TranslationBundle;
}

function CompareView({ comparison, settings, trans }: IViewProps): JSX.Element {
  const frames = useSignalFrames(comparison.changed);
  const [choice, setChoice] = React.useState<IChartChoice>({
    x: settings.xAxis,
    smoothing: settings.smoothing,
    logarithmic: settings.logarithmic,
    byRank: false
  });
  const metrics = React.useMemo(
    () => comparedMetrics(comparison.jobs, choice),
    [comparison, choice, frames]
  );
  const { missing, studies } = comparison;
  return (
    <>
      <h2 className="sdt-Page-heading">{trans.__('Comparison')}</h2>
      {missing.length > 0 && (
        <p className="sdt-Note">{trans.__('Not there any more: %1', missing.join(', '))}</p>
      )}
      <ChartControls choice={choice} onChange={setChoice} trans={trans} together />
      {studies.length > 0 && <StudyCharts studies={studies} trans={trans} />}
      <div className="sdt-Page-charts">
        {metrics.map(metric => (
          <Metric key={metric.name} {...{ metric, choice, settings, trans }} />
        ))}
      </div>
      {metrics.length === 0 && <p className="sdt-Note">{trans.__('Nothing was recorded.')}</p>}
    </>
  );
}

interface IMetricProps {
  metric: IComparedMetric;
  choice: IChartChoice;
  settings: IJobSettings;
  trans: TranslationBundle;
}

function Metric({ metric, choice, settings, trans }: IMetricProps): JSX.Element {
  const { name, lines, rows } = metric;
  const told = rows.flatMap(({ job, last }) => (last === null ? [] : `${job} ${short(last)}`));
  return (
    <section className="sdt-Compare-metric">
      <ChartView
        title={name}
        summary={`${name}: ${told.join(', ')}`}
        xLabel={choice.x === 'step' ? trans.__('step') : trans.__('seconds')}
        lines={lines}
        trans={trans}
        height={210}
        logarithmic={choice.logarithmic}
        showPoints={settings.showPoints}
      />
      <CompareTable name={name} rows={rows} trans={trans} />
    </section>
  );
}

const FIGURES: StudyFigure[] = ['throughput', 'speedup'];

/** Throughput and speedup of each study by world size, with its ideal line. */
function StudyCharts({ studies, trans }: { studies: IStudy[]; trans: TranslationBundle }) {
  const ideal = (study: string) => trans.__('%1, ideal', study);
  const title = (figure: StudyFigure) =>
    figure === 'speedup' ? trans.__('Speedup') : trans.__('Throughput (samples/s)');
  const told = (figure: StudyFigure) =>
    studies.flatMap(({ study_name: name, table }) => {
      const row = table.rows.at(-1);
      const values = [name, row?.world_size ?? 0, short(row?.[figure] ?? 0)];
      return row ? trans.__('%1 on %2 ranks: %3', ...values) : [];
    });
  const sizes = comparedSizes(studies);
  // The same array for the same sizes: other ticks are another chart.
  const ticks = React.useMemo(() => sizes, [sizes.join()]);
  return (
    <div className="sdt-Page-charts sdt-Compare-studies">
      {FIGURES.map(figure => (
        <ChartView
          key={figure}
          title={title(figure)}
          summary={`${title(figure)}: ${told(figure).join(', ')}`}
          empty={trans.__('Waiting for the first measurement')}
          xLabel={trans.__('ranks')}
          lines={comparedStudies(figure, studies, ideal)}
          trans={trans}
          height={210}
          ticks={ticks}
          fromZero
        />
      ))}
    </div>
  );
}
