/** What a job costs: the estimate before it began, what it has cost so far, and the bill. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IEstimate } from '../api/costModels';
import { IJobSummary, isTerminal } from '../api/models';
import { costFacts, estimateFacts, useCost } from '../jobs/costs';
import { Fact, Facts } from '../ui/facts';

interface ICostProps {
  job: IJobSummary;
  estimate: IEstimate | null;
  /** Whether somebody follows the job: then its cost goes on. */
  live: boolean;
  trans: TranslationBundle;
}

export function CostView({ job, estimate, live, trans }: ICostProps): JSX.Element {
  const cost = useCost(job, live);
  const isOver = isTerminal(job.status);
  const title = isOver ? trans.__('What it has cost') : trans.__('What it has cost so far');
  return (
    <div className="sdt-Cost">
      {cost && (
        <Part title={title} facts={costFacts(cost, isOver, trans)}>
          {cost.rehearsed && (
            <p className="sdt-Note">
              {trans.__('This is a rehearsal: it runs on this machine, and nobody bills it.')}
            </p>
          )}
        </Part>
      )}
      {estimate && (
        <Part
          title={trans.__('What it was estimated to cost')}
          facts={estimateFacts(estimate, trans)}
        />
      )}
      {[...new Set([...(cost?.sources ?? []), ...(estimate?.sources ?? [])])].map(source => (
        <p key={source} className="sdt-Note">
          {source}
        </p>
      ))}
    </div>
  );
}

interface IPartProps {
  title: string;
  facts: readonly Fact[];
  children?: React.ReactNode;
}

function Part({ title, facts, children }: IPartProps): JSX.Element {
  return (
    <section>
      <h3 className="sdt-Page-heading">{title}</h3>
      <Facts facts={facts} />
      {children}
    </section>
  );
}
