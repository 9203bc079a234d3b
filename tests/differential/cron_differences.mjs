// Where pawl and a library are meant to differ: rules about expressions and jumps of the clock, never lists of cases.
//
// A rule does not excuse, it predicts. Most differences are of reading: there both sides are asked once more, in words
// that leave no room (a list of numbers instead of a step, `domAndDow` instead of a star), and must then agree to the
// tick. What is left around a jump must be gone once the jump is past. docs/cron.md has the reasons.
import {croner, cronParser} from './cron_libraries.mjs';
import {expand, fieldsOf, FIELDS, isAny, isElapsed} from './cron_expressions.mjs';

const HOUR = 3600e3;
// How far from a jump of the clock, beside its own length, cron-parser's rules for it reach.
const AROUND_JUMP = 3 * HOUR;
// And how far where a jump is no whole number of hours, or leads to another day.
const AROUND_ODD_JUMP = 25 * HOUR;
const HORIZON_YEARS = 8;

export const COUNT = 3;

export const question = ({text, seconds}, zone, after, count = COUNT) =>
  `tick\t${text}\t${seconds ? 1 : 0}\t${zone.name}\t${after}\t${count}`;

// Pawl's answer in ticks, as far as the zone data agree.
export const ticksOf = (answer, zone) => (answer === '' ? [] : zone.agreed(answer.split(' ').map(Number)));

export const same = (a, b) => a.length === b.length && a.every((tick, i) => tick === b[i]);
const hasList = (field) => field.includes(',');
const hasStep = (field) => field.includes('/');

const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
function hasNoSuchDay([, , , day, month]) {
  const [months, days] = [expand(month, FIELDS[4]).split(','), expand(day, FIELDS[3]).split(',')];
  return days.every((each) => months.every((one) => Number(each) > DAYS_OF_MONTH[one - 1]));
}

// What a library refuses to read, by its own documentation: [rule, expression -> whether it applies, message].
const CRONER_REFUSES = [
  ['LW in a list', ([, , , day]) => /lw/i.test(day) && hasList(day), /LW can not be in a list/],
];
const CRON_PARSER_REFUSES = [
  ['W', ([, , , day]) => /w/i.test(day), /Invalid characters/],
  ['l in lower case', ([, , , day, , weekday]) => /l/.test(day) || /l$|l,/.test(weekday), /Invalid characters/],
  ['# in a list', ([, , , , , weekday]) => weekday.includes('#') && hasList(weekday), /special characters are incompatible/],
  ['@midnight', (fields, text) => text === '@midnight', /cannot resolve alias/],
  ['a range to SUN', ([, , , , , weekday]) => /-sun/i.test(weekday), /Invalid range/],
  ['a leading zero before L', ([, , , , , weekday]) => /0\dL/.test(weekday), /got value 0\dL/],
  ['a day that the month does not have', hasNoSuchDay, /Invalid explicit day of month/],
  ['values that a list names twice', (fields) => fields.some(hasList), /duplicate values found/],
];

// The rule by which this refusal was to be expected, or undefined.
export function expectedRefusal(library, expression, message) {
  const rules = library === 'croner' ? CRONER_REFUSES : CRON_PARSER_REFUSES;
  const fields = fieldsOf(expression);
  const found = rules.find(([, applies, text]) => applies(fields, expression.text) && text.test(message));
  return found && `refuses ${found[0]}`;
}

// Readings. Each: what it is called, and the same expression in plain words; null where it changes nothing.
const write = (fields) => ({text: fields.join(' '), seconds: true});
const map = (fields, change) => fields.map((field, i) => change(field, i));

// "2/5" as a day of the week: pawl ends at Saturday, cron-parser at the 7, which is Sunday.
const openWeekday = (fields) => map(fields, (field, i) => i === 5 && hasStep(field) ? expand(field, FIELDS[i]) : field);
// "0-59/10" as a minute: a fixed-time job for pawl and Vixie cron, an interval job for croner.
const fixedTime = (fields) => isElapsed(fields) ? fields
  : map(fields, (field, i) => i < 3 ? expand(field, FIELDS[i]) : field);
// "*/2" as a day, where the other day field says something too: pawl and Vixie cron want both, the libraries either.
const restricts = (field) => isAny(field) && !['*', '?'].includes(field);
const starDays = ([, , , day, , weekday]) => (restricts(day) && weekday !== '*' && weekday !== '?') ||
  (restricts(weekday) && day !== '*' && day !== '?');

const changed = (fields, others) => fields.some((field, i) => field !== others[i]);

// The same expression as pawl has to be told it to mean what the libraries make of it.
const withoutStarDays = (fields) => map(fields, (field, i) =>
  (i === 3 || i === 5) && restricts(field) ? expand(field, FIELDS[i]) : field);

// Each explanation is a generator: it yields questions for pawl, is given the answers, and returns the rule's name, or
// undefined where no rule predicts what it sees. triple: {expression, zone, after}; pawl and theirs are ticks.
export function* explainCroner({expression, zone, after}, pawl, theirs) {
  const fields = fieldsOf(expression);
  const weekdaysTold = openWeekday(fields);
  const plain = fixedTime(weekdaysTold);
  const told = croner(write(plain), zone, after, COUNT, {domAndDow: starDays(fields)}).ticks;
  if (same(pawl, told)) {
    return [
      /(^|,)0*7\//.test(fields[5]) && 'a step from 7 is a Sunday, for croner nothing',
      starDays(fields) && 'both day fields restrict and one starts with *: both must match, for croner either',
      changed(weekdaysTold, plain) && 'a step without * in the time is a fixed time, for croner an interval',
    ].filter(Boolean).join('; ') || undefined;
  }
  if (beyondHorizon(after, pawl, told)) return BEYOND_HORIZON;
  const ended = pawl.filter((tick) => !(zone.jumps.includes(tick) && changesDay(zone, tick)));
  if (!isElapsed(fields) && ended.length < pawl.length && same(ended, told.slice(0, ended.length))) {
    return 'a fixed time in a gap that ends on the next day is made up for, by croner not';
  }
  return undefined;
}

export function* explainCronParser({expression, zone, after}, pawl, theirs) {
  const fields = fieldsOf(expression);
  const weekdaysTold = openWeekday(fields);
  const theirWords = write(weekdaysTold);
  const told = changed(fields, weekdaysTold) ? cronParser(theirWords, zone, after, COUNT).ticks : theirs;
  const ourWords = write(withoutStarDays(fields));
  const meant = ticksOf((yield [question(ourWords, zone, after)])[0], zone);
  if (same(meant, told)) {
    return [
      starDays(fields) && 'both day fields restrict and one starts with *: both must match, for cron-parser either',
      changed(fields, weekdaysTold) && 'an open step of weekdays ends at Saturday, for cron-parser at Sunday',
    ].filter(Boolean).join('; ') || undefined;
  }
  if (beyondHorizon(after, meant, told)) return BEYOND_HORIZON;
  return yield* onlyAroundJumps(zone, [ourWords, theirWords], after, meant, told);
}

const BEYOND_HORIZON = 'the next tick is over 8 years away: never';

function beyondHorizon(after, pawl, theirs) {
  if (pawl.length >= theirs.length || !same(pawl, theirs.slice(0, pawl.length))) return false;
  const limit = new Date(pawl.at(-1) ?? after);
  limit.setUTCFullYear(limit.getUTCFullYear() + HORIZON_YEARS);
  return theirs[pawl.length] > limit.getTime() - 24 * HOUR;
}

const changesDay = (zone, jump) => zone.day(jump - 1000) !== zone.day(jump);
const isOdd = (zone, jump) => zone.jumpSeconds(jump) % 3600 !== 0 || changesDay(zone, jump);

// Until when a jump that reaches as far as `at` is felt.
function endOfJumpNear(zone, at) {
  const reach = (jump) => AROUND_JUMP + Math.abs(zone.jumpSeconds(jump)) * 1000;
  const jump = zone.jumpsBetween(at - 30 * HOUR, at + 30 * HOUR).findLast((one) => Math.abs(one - at) <= reach(one));
  return jump && jump + reach(jump);
}

// cron-parser has rules of its own for the hours around a jump. Past it, both must go on together, up to the next one:
// a schedule may meet one each time.
function* onlyAroundJumps(zone, [ourWords, theirWords], after, pawl, theirs) {
  let name = 'within hours of a jump of the clock cron-parser goes by rules of its own';
  for (let tries = 0; tries < COUNT; tries++) {
    const at = firstDifference(pawl, theirs);
    let past = endOfJumpNear(zone, at);
    const gaveUp = theirs.length < pawl.length && same(theirs, pawl.slice(0, theirs.length));
    const since = gaveUp ? theirs.at(-1) ?? after : at;
    const oddJump = zone.jumpsBetween(since - AROUND_ODD_JUMP + 1, at + AROUND_ODD_JUMP).find((jump) => isOdd(zone, jump));
    if (past === undefined && oddJump !== undefined) {
      name = 'a day with a jump of half an hour, or past midnight, is partly lost on cron-parser';
      past = oddJump + AROUND_ODD_JUMP;
    }
    if (!(past > after)) return undefined;
    after = past;
    pawl = ticksOf((yield [question(ourWords, zone, after)])[0], zone);
    theirs = cronParser(theirWords, zone, after, COUNT).ticks;
    if (same(pawl, theirs)) break;
  }
  return name;
}

function firstDifference(a, b) {
  const at = a.findIndex((tick, i) => tick !== b[i]);
  return at < 0 ? b[a.length] : Math.min(a[at], b[at] ?? Infinity);
}
