/** What a job costs, in figures and in words. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ICost, IEstimate } from '../api/costModels';
import { heardMs } from '../api/heard';
import { Fact } from '../ui/facts';
import { dollars, duration, percent, span } from '../ui/format';
import { useElapsed } from '../ui/hooks';

const HOUR = 3600;

/** The cost of a job as of now: while its instances are there it grows. */
export function useCost(job: { cost?: ICost | null }, live: boolean): ICost | null {
  const { cost = null } = job;
  const grows = live && cost !== null && cost.counting;
  const seconds = useElapsed(cost?.seconds ?? 0, grows, heardMs(job));
  return cost && { ...cost, seconds };
}

/** USD; null where no price is known. */
export function amountOf(cost: ICost): number | null {
  return priceOf(cost.hourly_price, cost.seconds + cost.kept_seconds);
}

/** `1.02 USD so far`, or the seconds where no price is known. */
export function costLabel(cost: ICost, isOver: boolean, trans: TranslationBundle): string {
  const text = amountLabel(cost, isOver, trans);
  return cost.rehearsed ? trans.__('%1, rehearsed', text) : text;
}

/** The bill, line by line. */
export function costFacts(cost: ICost, isOver: boolean, trans: TranslationBundle): Fact[] {
  const { training_seconds: trained, kept_seconds: kept, hourly_price: hourly } = cost;
  return [
    [trans.__('Cost'), amountLabel(cost, isOver, trans)],
    [trans.__('Billed for'), duration(cost.seconds)],
    ...fact(trans.__('Trained for'), trained, duration),
    ...(cost.spot ? [spotFact(cost, isOver, trans)] : []),
    ...fact(trans.__('Warm pool'), kept || null, seconds =>
      withPrice(duration(seconds), priceOf(hourly, seconds))
    ),
    ...fact(trans.__('An hour'), hourly, dollars)
  ];
}

/** What was or will be said before a job begins. */
export function estimateFacts(estimate: IEstimate, trans: TranslationBundle): Fact[] {
  const { instances, hourly_price: hourly, typical, warm_pool: pool } = estimate;
  const machines = Object.entries(instances).map(([type, count]) => `${count} \u00d7 ${type}`);
  return [
    [trans.__('Instances'), machines.join(' + ')],
    [trans.__('An hour'), hourly === null ? trans.__('price unknown') : dollars(hourly)],
    ...fact(trans.__('Typically'), typical, amount =>
      trans.__('%1; earlier jobs took %2', dollars(amount), span(estimate.typical_seconds ?? 0))
    ),
    ...fact(trans.__('At most'), estimate.most, amount => mostLabel(estimate, amount, trans)),
    ...fact(trans.__('Warm pool'), pool, amount =>
      trans.__('up to %1 more in %2', dollars(amount), span(estimate.keep_alive_seconds))
    )
  ];
}

function amountLabel(cost: ICost, isOver: boolean, trans: TranslationBundle): string {
  const amount = amountOf(cost);
  if (amount === null) {
    const billed = duration(cost.seconds);
    return isOver ? trans.__('%1 billed', billed) : trans.__('%1 billed so far', billed);
  }
  if (isOver) {
    return dollars(amount);
  }
  return cost.spot
    ? trans.__('at most %1 so far', dollars(amount))
    : trans.__('%1 so far', dollars(amount));
}

function spotFact(cost: ICost, isOver: boolean, trans: TranslationBundle): Fact {
  const text = isOver ? percent(cost.saved) : trans.__('told at the end');
  return [trans.__('Saved by spot'), text];
}

function mostLabel(estimate: IEstimate, amount: number, trans: TranslationBundle): string {
  const [price, time] = [dollars(amount), span(estimate.max_run_seconds)];
  return estimate.spot
    ? trans.__('%1 in %2, before what spot saves', price, time)
    : trans.__('%1 in %2', price, time);
}

function withPrice(text: string, amount: number | null): string {
  return amount === null ? text : `${text}, ${dollars(amount)}`;
}

function priceOf(hourly: number | null, seconds: number): number | null {
  return hourly === null ? null : (hourly * seconds) / HOUR;
}

/** A line about a figure, none where nobody knows it. */
function fact(name: string, value: number | null, words: (value: number) => string): Fact[] {
  return value === null ? [] : [[name, words(value)]];
}
