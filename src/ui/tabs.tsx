/** Tabs by the ARIA pattern: arrow keys move, only the shown panel exists. */
import * as React from 'react';

export interface ITab {
  id: string;
  label: string;
  body: JSX.Element;
}

export function Tabs({ tabs, label }: { tabs: readonly ITab[]; label: string }): JSX.Element {
  // By its id: tabs may come in between.
  const [chosen, choose] = React.useState('');
  const place = Math.max(
    0,
    tabs.findIndex(({ id }) => id === chosen)
  );
  const prefix = React.useId();
  const shown = tabs[place];
  return (
    <>
      <TabList {...{ tabs, label, place, prefix, choose }} />
      <div
        className="sdt-Tabs-panel"
        role="tabpanel"
        id={`${prefix}-panel`}
        aria-labelledby={`${prefix}-${shown.id}`}
      >
        {shown.body}
      </div>
    </>
  );
}

interface ITabListProps {
  tabs: readonly ITab[];
  label: string;
  /** Of the tab that is shown. */
  place: number;
  /** What ids begin with. */
  prefix: string;
  choose: (id: string) => void;
}

function TabList({ tabs, label, place, prefix, choose }: ITabListProps): JSX.Element {
  const list = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) {
      event.preventDefault();
      const next = (place + by + tabs.length) % tabs.length;
      choose(tabs[next].id);
      (list.current?.children[next] as HTMLElement | undefined)?.focus();
    }
  };
  return (
    <div
      className="sdt-Tabs"
      role="tablist"
      aria-label={label}
      ref={list}
      onKeyDown={onKeyDown}
    >
      {tabs.map((tab, i) => (
        <button
          key={tab.id}
          role="tab"
          id={`${prefix}-${tab.id}`}
          aria-selected={i === place}
          aria-controls={i === place ? `${prefix}-panel` : undefined}
          tabIndex={i === place ? 0 : -1}
          onClick={() => choose(tab.id)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
