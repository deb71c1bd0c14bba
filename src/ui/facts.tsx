/** A few facts side by side, each below its name. */
import * as React from 'react';

export type Fact = [name: string, text: string];

export function Facts({ facts }: { facts: readonly Fact[] }): JSX.Element {
  return (
    <dl className="sdt-Facts">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}
