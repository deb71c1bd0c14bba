/** The scaling study that a job belongs to, on the job's page. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IJobManager } from '../jobs/managing';
import { PageClock } from '../jobs/pageClock';
import { StudyFeed } from './studyFeed';
import { useSignalFrames } from '../ui/hooks';
import { IJobActions } from '../jobs/jobHeader';
import { StudyView } from './studyView';

interface IStudyTabProps {
  studyName: string;
  manager: IJobManager;
  clock: PageClock;
  trans: TranslationBundle;
  actions: IJobActions;
}

export function StudyTab(props: IStudyTabProps): JSX.Element {
  const { manager, studyName, clock, trans } = props;
  const [feed, setFeed] = React.useState<StudyFeed | null>(null);
  React.useEffect(() => {
    const made = new StudyFeed(manager, studyName, null, clock.ticked);
    setFeed(made);
    return () => made.dispose();
  }, [manager, studyName, clock]);
  return feed ? (
    <Shown {...props} feed={feed} />
  ) : (
    <p className="sdt-Note">{trans.__('Loading')}</p>
  );
}

function Shown({ feed, trans, actions }: IStudyTabProps & { feed: StudyFeed }): JSX.Element {
  useSignalFrames(feed.changed);
  const { study, phase } = feed;
  if (study === null) {
    const text = phase === 'missing' ? trans.__('Its jobs are gone.') : trans.__('Loading');
    return <p className="sdt-Note">{text}</p>;
  }
  return (
    <>
      <h3 className="sdt-Page-heading">{trans.__('Scaling study %1', study.study_name)}</h3>
      <StudyView
        table={study.table}
        planned={study.world_sizes}
        trans={trans}
        open={actions.open}
      />
    </>
  );
}
