/** What a job looks like below its cell. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ILine } from '../charts/lines';
import { fromPoints, INamedCurve, watchedCurves } from '../charts/curves';
import { JobFeed } from '../jobs/jobFeed';
import { isTerminal, ISavedJob } from '../api/models';
import { thinned } from '../charts/series';
import { curveSummary, curveTitle } from '../jobs/words';
import { ChartView } from '../charts/chartView';
import { FailureView } from '../jobs/failureView';
import { useSignalFrames } from '../ui/hooks';
import { IJobActions, JobHeader } from '../jobs/jobHeader';

/** More points than a chart has pixels tell nobody anything. */
const DRAWN_POINTS = 1200;

interface IJobOutputProps {
  saved: ISavedJob;
  feed: JobFeed | null;
  trans: TranslationBundle;
  actions: IJobActions;
  showPoints: boolean;
}

export function JobOutput(props: IJobOutputProps): JSX.Element {
  return props.feed ? (
    <FollowedJob {...props} feed={props.feed} />
  ) : (
    <ShownJob {...props} curves={savedCurves(props.saved)} />
  );
}

function FollowedJob(props: IJobOutputProps & { feed: JobFeed }): JSX.Element {
  const { feed, saved } = props;
  const frames = useSignalFrames(feed.changed);
  const curves = React.useMemo(() => feedCurves(feed, saved), [feed, saved, frames]);
  return <ShownJob {...props} curves={curves} />;
}

function ShownJob(props: IJobOutputProps & { curves: INamedCurve[] }): JSX.Element {
  const { saved, feed, curves, trans, actions } = props;
  const { open, stop } = actions;
  const job = feed?.summary ?? saved;
  const missing = saved.live && feed?.phase === 'missing';
  const drawn = curves.filter(curve => curve.series.steps.length > 0);
  // While nothing has come, empty charts keep their place: the page shall not jump.
  const shown = drawn.length > 0 || isTerminal(job.status) ? drawn : curves;
  return (
    <section className="sdt-Output" aria-label={trans.__('Training job %1', saved.job_name)}>
      <JobHeader
        job={job}
        trans={trans}
        actions={{ open, stop }}
        live={feed?.phase === 'following'}
      />
      <div className="sdt-Output-charts">
        {shown.map(curve => (
          <CurveChart key={curve.name} {...props} curve={curve} color={curves.indexOf(curve)} />
        ))}
      </div>
      <FailureView
        job={job}
        failure={feed?.failure ?? saved.failure ?? null}
        trans={trans}
        goTo={actions.goTo}
      />
      {missing && (
        <p className="sdt-Note">
          {trans.__('This server knows the job no more; what was saved is shown.')}
        </p>
      )}
    </section>
  );
}

interface ICurveChartProps {
  curve: INamedCurve;
  color: number;
  trans: TranslationBundle;
  showPoints: boolean;
}

function CurveChart({ curve, color, trans, showPoints }: ICurveChartProps): JSX.Element {
  const lines = React.useMemo(() => [line(curve, color)], [curve, color]);
  return (
    <ChartView
      title={curveTitle(curve)}
      summary={curveSummary(curve, trans)}
      xLabel={trans.__('step')}
      lines={lines}
      marks={curve.marks}
      trans={trans}
      showPoints={showPoints}
    />
  );
}

function line({ name, series }: INamedCurve, color: number): ILine {
  const { steps, values } = thinned(series, DRAWN_POINTS);
  return { label: name, xs: steps, ys: values, color };
}

/** Until the feed has points, those that were saved. */
function feedCurves(feed: JobFeed, saved: ISavedJob): INamedCurve[] {
  return feed.table.names().length > 0 ? watchedCurves(feed.table) : savedCurves(saved);
}

function savedCurves({ series, restarts }: ISavedJob): INamedCurve[] {
  const curves = Object.entries(series).map(([name, points]) => fromPoints(name, points));
  return curves.map(curve => ({ ...curve, marks: restarts }));
}
