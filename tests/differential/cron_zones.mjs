// The zones of the test, and from when on pawl (the host's zoneinfo) and JavaScript (ICU's own copy) differ about one:
// the two may be of different years, and a law that only one of them knows is no error of pawl's.
export const ZONES = [
  'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Antarctica/Troll', 'America/Sao_Paulo', 'Pacific/Apia',
  'Asia/Kathmandu', 'Africa/Casablanca', 'UTC', 'Europe/London', 'Europe/Dublin', 'Europe/Istanbul', 'Europe/Moscow',
  'Europe/Volgograd', 'America/Los_Angeles', 'America/St_Johns', 'America/Havana', 'America/Santiago',
  'America/Asuncion', 'America/Nuuk', 'America/Scoresbysund', 'America/Caracas', 'America/Mexico_City', 'Asia/Tehran',
  'Asia/Kolkata', 'Asia/Beirut', 'Asia/Amman', 'Asia/Gaza', 'Asia/Pyongyang', 'Asia/Tokyo', 'Africa/Cairo',
  'Africa/Juba', 'Antarctica/Casey', 'Australia/Adelaide', 'Pacific/Auckland', 'Pacific/Chatham', 'Pacific/Fakaofo',
  'Pacific/Kiritimati',
];
export const FIRST_INSTANT = Date.UTC(2000, 0, 1);
export const LAST_INSTANT = Date.UTC(2038, 0, 1);
const DAY = 86400e3;
// Beyond the last instant by more than the ticks that are asked for lie ahead.
const FROM = FIRST_INSTANT - 400 * DAY;
const UNTIL = LAST_INSTANT + 30 * 366 * DAY;
const SAMPLE = 5 * DAY;

function intlOffset(name) {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric',
    minute: 'numeric', second: 'numeric',
  });
  return (time) => {
    const [month, day, year, hour, minute, second] = format.format(time).match(/\d+/g).map(Number);
    return (Date.UTC(year, month - 1, day, hour, minute, second) - time) / 1000;
  };
}

class Zone {
  constructor(name, answer) {
    this.name = name;
    const pairs = answer.split(' ').map((pair) => pair.split(':').map(Number));
    this.times = pairs.map(([time]) => time);
    this.offsets = pairs.map(([, offset]) => offset);
    this.jumps = this.times.slice(1);
    this.recent = 0;
    this.agreedUntil = this.#firstDifference();
  }
  // Seconds east of UTC, as pawl has it.
  offset(time) {
    let at = this.recent;
    if (time < this.times[at] || time >= (this.times[at + 1] ?? Infinity)) {
      at = this.times.findLastIndex((since) => since <= time);
      this.recent = at;
    }
    return this.offsets[at];
  }
  // The day of the month there.
  day(time) {
    return new Date(time + this.offset(time) * 1000).getUTCDate();
  }
  jumpSeconds(jump) {
    return this.offset(jump) - this.offset(jump - 1000);
  }
  // Both sides of each jump, and every few days between.
  #firstDifference() {
    const other = intlOffset(this.name);
    for (let i = 0; i < this.times.length; i++) {
      const end = this.times[i + 1] ?? UNTIL;
      for (let time = this.times[i]; time < end; time += SAMPLE) {
        if (other(time) !== this.offsets[i]) return time - SAMPLE;
      }
      if (other(end - 1000) !== this.offsets[i]) return end - SAMPLE;
    }
    return UNTIL;
  }
  knows(time) {
    return time >= FROM && time < this.agreedUntil;
  }
  // Those of the ticks that the two must agree about.
  agreed(ticks) {
    return ticks.filter((tick) => tick < this.agreedUntil);
  }
  jumpsBetween(from, until) {
    return this.jumps.filter((jump) => jump >= from && jump <= until);
  }
}

// askPawl(lines) answers questions to cron-ticks. Zones that the two never agree about are left out.
export function loadZones(askPawl) {
  const answers = askPawl(ZONES.map((name) => `zone\t${name}\t${FROM}\t${UNTIL}`));
  const zones = ZONES.map((name, i) => {
    if (answers[i].startsWith('error')) throw new Error(`${name}: ${answers[i]}`);
    return new Zone(name, answers[i]);
  });
  return zones.filter((zone) => zone.agreedUntil > FIRST_INSTANT + 1000 * DAY);
}

// An instant of the years 2000 to 2037, every other one near a jump of the clock.
export function randomInstant(random, zone) {
  const until = Math.min(LAST_INSTANT, zone.agreedUntil);
  let time = random.between(FIRST_INSTANT, until - 1);
  if (random.chance(50)) {
    const jumps = zone.jumpsBetween(FIRST_INSTANT, until);
    if (jumps.length > 0) {
      const spread = random.of([DAY / 8, DAY / 2, 2 * DAY]);
      time = random.of(jumps) + random.between(-spread, spread);
    }
  }
  time = random.weighed([
    [2, () => time - (((time % 60000) + 60000) % 60000)],
    [2, () => time - (((time % 1000) + 1000) % 1000)],
    [1, () => time],
  ])();
  return Math.min(time, until - 1);
}
