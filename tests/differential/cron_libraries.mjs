// The two implementations that pawl's cron is compared with, each behind run(expression, zone, after, count), which
// gives {ticks} (fewer than `count` where there are no more, or where zone data differ from there on) or {refused:
// message}.
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

const home = process.env.PAWL_NODE_HOME ?? fileURLToPath(new URL('../../build/node', import.meta.url));

function load(name) {
  try {
    return createRequire(`${home}/package.json`)(name);
  } catch (error) {
    throw new Error(`${name} is not in ${home}; run tools/setup --tests (${error.message.split('\n')[0]})`);
  }
}

const {Cron} = load('croner');
const {CronExpressionParser} = load('cron-parser');
const {IANAZone} = load('luxon');

// luxon asks Intl for each offset, which is half of cron-parser's time. Where pawl's zone was seen to agree with Intl's
// (cron_zones.mjs), the offset is looked up in the table instead.
export function speedUpLuxon(zones) {
  const known = new Map(zones.map((zone) => [zone.name, zone]));
  const ask = IANAZone.prototype.offset;
  IANAZone.prototype.offset = function offset(time) {
    const zone = known.get(this.name);
    return zone?.knows(time) ? zone.offset(time) / 60 : ask.call(this, time);
  };
}

// options: croner's own. sloppyRanges is its name for "5/15", which pawl takes; no-wildcard is its rule for fixed-time
// jobs that is nearer to Vixie cron's.
export function croner({text, seconds}, zone, after, count, options = {}) {
  try {
    const job = new Cron(text, {
      timezone: zone.name, mode: seconds ? '6-part' : '5-part', paused: true, sloppyRanges: true,
      fixedTimeRule: 'no-wildcard', ...options,
    });
    return {ticks: zone.agreed(job.nextRuns(count, new Date(after)).map((date) => date.getTime()))};
  } catch (error) {
    return {refused: error.message};
  }
}

export function cronParser({text}, zone, after, count) {
  try {
    const job = CronExpressionParser.parse(text.trim(), {currentDate: new Date(after), tz: zone.name});
    const ticks = [];
    try {
      while (ticks.length < count) ticks.push(job.next().getTime());
    } catch (error) {
      if (!/loop limit exceeded/.test(error.message)) throw error;
    }
    return {ticks: zone.agreed(ticks)};
  } catch (error) {
    return {refused: error.message};
  }
}
