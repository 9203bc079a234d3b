// Random cron expressions that pawl takes, from a seeded stream, and what their fields mean in plain values.

// mulberry32: small, and the same everywhere.
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  }
  // A whole number, both ends included.
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }
  chance(percent) {
    return this.next() * 100 < percent;
  }
  of(list) {
    return list[this.between(0, list.length - 1)];
  }
  // weights: [[weight, value], ...]
  weighed(weights) {
    let at = this.next() * weights.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of weights) {
      at -= weight;
      if (at < 0) return value;
    }
    return weights[weights.length - 1][1];
  }
}

const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const DAYS = 'SUN MON TUE WED THU FRI SAT'.split(' ');
export const SHORTHANDS = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

// low to high may be written; an open range ends at `last`.
const SECOND = {low: 0, high: 59, last: 59, names: []};
const MINUTE = SECOND;
const HOUR = {low: 0, high: 23, last: 23, names: []};
const DAY_OF_MONTH = {low: 1, high: 31, last: 31, names: []};
const MONTH = {low: 1, high: 12, last: 12, names: MONTHS};
const DAY_OF_WEEK = {low: 0, high: 7, last: 6, names: DAYS};
export const FIELDS = [SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK];

function spell(random, field, value) {
  const name = field.names[value - field.low];
  if (name === undefined || random.chance(50)) return random.chance(3) ? `0${value}` : `${value}`;
  return random.of([name, name.toLowerCase(), name[0] + name.slice(1).toLowerCase()]);
}

function range(random, field) {
  if (field === DAY_OF_WEEK && random.chance(15)) return random.of(['SAT-SUN', 'FRI-SUN', 'mon-sun', '5-7']);
  const from = random.between(field.low, field.high - 1);
  return [from, random.between(from + 1, field.high)].map((value) => spell(random, field, value)).join('-');
}

function step(random, field) {
  const most = field.last - field.low;
  return random.chance(70) ? random.between(1, Math.max(1, most >> 2)) : random.between(1, most);
}

function item(random, field) {
  return random.weighed([
    [6, () => spell(random, field, random.between(field.low, field.high))],
    [2, () => range(random, field)],
    [1, () => `${range(random, field)}/${step(random, field)}`],
    [1, () => `${spell(random, field, random.between(field.low, field.high))}/${step(random, field)}`],
  ])();
}

const value = (random, field) => spell(random, field, random.between(field.low, field.high));
// Some name a value twice; most do not, since cron-parser refuses those that do.
function list(random, field) {
  const items = [];
  const seen = new Set();
  const overlapping = random.chance(5);
  for (let tries = random.between(2, 4); tries > 0; tries--) {
    const next = item(random, field);
    const values = expand(next, field).split(',');
    if (!overlapping && values.some((one) => seen.has(one))) continue;
    values.forEach((one) => seen.add(one));
    items.push(next);
  }
  return items.join(',');
}
// A list that begins with *: it counts as a star.
const starList = (random, field) => `*${random.chance(50) ? `/${step(random, field)}` : ''},${item(random, field)}`;
const lateStar = (random, field) => `${value(random, field)},*/${step(random, field)}`;

function plain(random, field, star, starStep) {
  return random.weighed([
    [star, () => '*'],
    [starStep, () => `*/${step(random, field)}`],
    [40, () => value(random, field)],
    [9, () => list(random, field)],
    [6, () => range(random, field)],
    [4, () => `${range(random, field)}/${step(random, field)}`],
    [3, () => `${value(random, field)}/${step(random, field)}`],
    [0.5, () => starList(random, field)],
    [0.5, () => lateStar(random, field)],
  ])();
}

function dayOfMonth(random) {
  const special = () => random.weighed([
    [3, () => random.of(['L', 'L', 'L', 'l'])],
    [0.5, () => 'LW'],
    // At a month's ends the nearest weekday may lie on the other side.
    [1, () => `${random.of([1, 1, 2, 29, 30, 31, random.between(1, 31)])}${random.of(['W', 'W', 'w'])}`],
  ])();
  return random.weighed([
    [60, () => '*'],
    [5, () => '?'],
    [28, () => plain(random, DAY_OF_MONTH, 0, 8)],
    [5, special],
    [2, () => random.of([`${special()},${item(random, DAY_OF_MONTH)}`, `${item(random, DAY_OF_MONTH)},${special()}`])],
  ])();
}

function dayOfWeek(random) {
  const nth = () => `${value(random, DAY_OF_WEEK)}#${random.between(1, 5)}`;
  const last = () => `${value(random, DAY_OF_WEEK)}${random.of(['L', 'L', 'L', 'l'])}`;
  return random.weighed([
    [58, () => '*'],
    [5, () => '?'],
    [28, () => plain(random, DAY_OF_WEEK, 0, 6)],
    [3, nth],
    [3, last],
    [1, () => `${nth()},${random.of([nth, last])()}`],
    [1, () => `${value(random, DAY_OF_WEEK)},${last()}`],
  ])();
}

// {text, seconds}: whether it has a field for seconds.
export function randomExpression(random) {
  if (random.chance(2)) return {text: random.of(Object.keys(SHORTHANDS)), seconds: false};
  const seconds = random.chance(15);
  const fields = seconds ? [plain(random, SECOND, 10, 20)] : [];
  // Night hours are where clocks are changed.
  const hour = random.chance(35) ? `${random.between(0, 4)}` : plain(random, HOUR, 45, 12);
  fields.push(plain(random, MINUTE, 14, 20), hour, dayOfMonth(random), plain(random, MONTH, 160, 6), dayOfWeek(random));
  const text = fields.join(random.chance(3) ? random.of(['  ', '\t ']).replace('\t', '   ') : ' ');
  return {text: random.chance(2) ? ` ${text}  ` : text, seconds};
}

// The six fields of an expression, shorthands written out and 0 as the second of five.
export function fieldsOf({text, seconds}) {
  const fields = (SHORTHANDS[text] ?? text).trim().split(/\s+/);
  return seconds ? fields : ['0', ...fields];
}

const isStar = (text) => text.startsWith('*') || text === '?';
// Whether a day field lets every day pass, as Vixie cron sees it: by its first character.
export const isAny = isStar;
// A job that follows elapsed time: its minute or hour begins with a star.
export const isElapsed = (fields) => isStar(fields[1]) || isStar(fields[2]);

function number(text, field) {
  const named = field.names.indexOf(text.toUpperCase());
  return named >= 0 ? named + field.low : Number(text);
}

// The same field without names, ranges, steps and stars: its values, and the special days as they are written.
export function expand(text, field) {
  if (text === '?') text = '*';
  const values = new Set();
  const special = [];
  for (const part of text.split(',')) {
    const isSpecial = field === DAY_OF_MONTH ? /[lw]/i.test(part) : field === DAY_OF_WEEK && /#|l$/i.test(part);
    if (isSpecial) {
      special.push(part);
      continue;
    }
    const [base, by] = part.split('/');
    let [from, to] = base === '*' ? [field.low, field.last] : base.split('-').map((end) => number(end, field));
    if (to === undefined) to = by === undefined ? from : Math.max(from, field.last);
    if (field === DAY_OF_WEEK && to === 0 && from > 0) to = 7;
    for (let at = from; at <= to; at += Number(by ?? 1)) values.add(field === DAY_OF_WEEK ? at % 7 : at);
  }
  return [...[...values].sort((a, b) => a - b), ...special].join(',');
}
