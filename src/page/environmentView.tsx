/** What a job ran in: machine, packages, and the variables of its ranks. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { IConditions, IEnvironment, IVariables } from '../api/environmentModels';
import { DataTable } from '../ui/dataTable';
import { Fact, Facts } from '../ui/facts';
import { byteSize } from '../ui/format';
import { fitting, headlines, requirements } from './environmentRows';

interface IEnvironmentProps {
  environment: IEnvironment | null;
  trans: TranslationBundle;
}

export function EnvironmentView({ environment, trans }: IEnvironmentProps): JSX.Element {
  const [text, setText] = React.useState('');
  if (environment === null) {
    return <p className="sdt-Note">{trans.__('Loading')}</p>;
  }
  const { conditions, image } = environment;
  return (
    <div className="sdt-Environment">
      <Machine {...{ conditions, image, trans }} />
      <p className="sdt-Controls">
        <input
          type="search"
          className="sdt-Input"
          value={text}
          placeholder={trans.__('Search packages and variables')}
          aria-label={trans.__('Search packages and variables')}
          onChange={event => setText(event.target.value)}
        />
        {conditions && <CopyPackages packages={conditions.packages} trans={trans} />}
      </p>
      <Tables {...{ environment, text, trans }} />
    </div>
  );
}

interface ITablesProps {
  environment: IEnvironment;
  /** What is looked for. */
  text: string;
  trans: TranslationBundle;
}

function Tables({ environment, text, trans }: ITablesProps): JSX.Element {
  const { conditions, variables, own_variables: own } = environment;
  const heads = [trans.__('Variable'), trans.__('Value')];
  return (
    <div className="sdt-Environment-tables">
      {conditions && (
        <Pairs
          caption={trans.__('Packages')}
          heads={[trans.__('Package'), trans.__('Version')]}
          {...{ text, trans, pairs: conditions.packages }}
        />
      )}
      <div>
        <Pairs
          caption={trans.__('Variables of every rank')}
          {...{ heads, text, trans, pairs: variables }}
        />
        {own.map(({ process, variables: pairs }) => (
          <Pairs
            key={process}
            caption={ownCaption(process, trans)}
            {...{ heads, text, trans, pairs }}
          />
        ))}
      </div>
    </div>
  );
}

interface IMachineProps {
  conditions: IConditions | null;
  image: string;
  trans: TranslationBundle;
}

function Machine({ conditions, image, trans }: IMachineProps): JSX.Element {
  if (conditions === null) {
    const text = image
      ? trans.__('It ran in the container %1, which records no packages.', image)
      : trans.__('What it ran on was not recorded.');
    return <p className="sdt-Note">{text}</p>;
  }
  const { cpu, cpus, memory_bytes: memory, gpus, host, system } = conditions;
  const facts: Fact[] = [
    ...headlines(conditions),
    [trans.__('Machine'), host],
    [trans.__('System'), system],
    [trans.__('Processor'), trans._n('%2, %1 core', '%2, %1 cores', cpus, cpu)],
    [trans.__('Memory'), byteSize(memory)],
    [trans.__('GPU'), gpus.length > 0 ? gpus.join(', ') : trans.__('none')]
  ];
  return <Facts facts={facts} />;
}

interface IPairsProps {
  caption: string;
  heads: readonly string[];
  pairs: IVariables;
  /** What is looked for. */
  text: string;
  trans: TranslationBundle;
}

function Pairs({ caption, heads, pairs, text, trans }: IPairsProps): JSX.Element | null {
  const all = Object.keys(pairs).length;
  const found = fitting(pairs, text);
  if (all === 0 || (text && found.length === 0)) {
    return null;
  }
  const count = found.length < all ? trans.__('%1 of %2', found.length, all) : String(all);
  return (
    <DataTable
      className="sdt-Table sdt-Environment-pairs"
      caption={`${caption} (${count})`}
      heads={heads}
      rows={found.map(([name, value]) => ({ key: name, cells: [name, value] }))}
    />
  );
}

function CopyPackages(props: { packages: IVariables; trans: TranslationBundle }): JSX.Element {
  const { packages, trans } = props;
  const [done, setDone] = React.useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(requirements(packages));
    setDone(true);
  };
  return (
    <>
      <button className="sdt-Button" onClick={() => void copy()}>
        {trans.__('Copy as requirements')}
      </button>
      <span role="status">{done && trans.__('Copied')}</span>
    </>
  );
}

function ownCaption(process: string, trans: TranslationBundle): string {
  return /^\d+$/.test(process)
    ? trans.__('Variables of rank %1 alone', process)
    : trans.__('Variables of %1 alone', process);
}
