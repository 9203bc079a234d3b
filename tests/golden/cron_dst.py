#!/usr/bin/env python3
"""Writes cron_dst.tsv: when cron expressions fire around jumps of the clock, worked out by brute force.

    cron_dst.py > cron_dst.tsv

An oracle that shares nothing with src/model/cron*.cpp: zones are Python's, and time passes second by second
(or minute by minute, where an expression has no seconds field). At each instant the wall clock is read:

  a job whose hour or minute starts with * fires when the clock shows a matching time;
  any other fires when the clock shows, or has just jumped over, a matching time that it had never shown
  before (Vixie cron's rule);
  @every fires at multiples of its duration since the epoch.

All jumps lie in the past, so no new law changes this table. Columns: zone, seconds field (0 or 1), expression,
from, to (both UTC), and the ticks in (from, to], blank-separated.
"""
import calendar
import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()

# Zone, and the instants (UTC) of its jumps.
JUMPS = [
    ("Europe/Berlin", ["2025-03-30T01:00", "2025-10-26T01:00"]),
    ("America/New_York", ["2025-03-09T07:00", "2025-11-02T06:00"]),
    ("Australia/Lord_Howe", ["2025-04-05T15:00", "2025-10-04T15:30"]),  # half an hour
    ("Antarctica/Troll", ["2025-03-30T01:00", "2025-10-26T01:00"]),  # two hours
    ("Pacific/Apia", ["2011-12-30T10:00"]),  # a whole day was skipped
    ("America/Sao_Paulo", ["2018-02-18T02:00", "2018-11-04T03:00"]),  # at midnight
    ("UTC", ["2025-03-30T01:00"]),  # none
]
# Half of the window: narrow for what fires often.
WIDE, NARROW = timedelta(hours=50), timedelta(hours=5)
EXPRESSIONS = [
    # fixed time
    ("30 2 * * *", 0, WIDE),
    ("0 2 * * *", 0, WIDE),
    ("0 3 * * *", 0, WIDE),
    ("45 1 * * *", 0, WIDE),
    ("0,30 1-3 * * *", 0, NARROW),
    ("0/20 2 * * *", 0, WIDE),
    ("0 0 * * *", 0, WIDE),
    ("@daily", 0, WIDE),
    ("59 23 * * *", 0, WIDE),
    ("15 0-23/3 * * *", 0, NARROW),
    ("30 2 * * 0", 0, WIDE),
    ("30 2 * * SUNL", 0, WIDE),
    ("30 1 ? 3,10,11 SUN#1,SUN#2", 0, WIDE),
    ("30 2 30,26 * ?", 0, WIDE),
    ("15 2 LW,5W * *", 0, WIDE),
    ("10 2 */2 * SAT-SUN", 0, WIDE),
    ("0 15 2 * * *", 1, WIDE),
    ("*/20 30 2 * * *", 1, NARROW),
    ("15,45 0-59/10 1-2 * * *", 1, NARROW),
    # elapsed time
    ("*/15 * * * *", 0, NARROW),
    ("* 2 * * *", 0, NARROW),
    ("30 * * * *", 0, NARROW),
    ("@hourly", 0, NARROW),
    ("*/20 1-3 * * *", 0, NARROW),
    ("5 */2 * * *", 0, NARROW),
    ("*/30 2 * * SUN", 0, WIDE),
    ("30 */10 1,2 * * *", 1, NARROW),
    ("0 */7 * * * *", 1, NARROW),
    # intervals
    ("@every 90m", 0, NARROW),
    ("@every 7m", 0, NARROW),
    ("@every 1h30m20s", 0, NARROW),
]


def values(text, low, high, names):
    """The values of a plain field."""
    found = set()
    for item in text.split(","):
        base, _, step = item.partition("/")
        for i, name in enumerate(names):
            base = re.sub(name, str(i + low), base)
        if base in "*?":
            first, last = low, high
        elif "-" in base:
            first, last = map(int, base.split("-"))
            if last < first:
                last = 7  # SAT-SUN
        else:
            first = int(base)
            last = high if step else first
        found.update(range(first, last + 1, int(step or 1)))
    return found


def day_of_month_matches(text, day):
    length = calendar.monthrange(day.year, day.month)[1]
    for item in text.split(","):
        if item == "L":
            if day.day == length:
                return True
        elif item.endswith("W"):
            wanted = length if item == "LW" else int(item[:-1])
            if wanted > length:
                continue
            # Of the month's weekdays, the one the fewest days away.
            weekdays = [d for d in range(1, length + 1) if day.replace(day=d).weekday() < 5]
            if day.day == min(weekdays, key=lambda d: abs(d - wanted)):
                return True
        elif day.day in values(item, 1, 31, []):
            return True
    return False


def day_of_week_matches(text, day):
    weekday = day.isoweekday() % 7
    length = calendar.monthrange(day.year, day.month)[1]
    for item in text.split(","):
        if item != "*" and item.endswith("L"):
            if weekday in values(item[:-1], 0, 6, DAYS) and day.day + 7 > length:
                return True
        elif "#" in item:
            name, nth = item.split("#")
            if weekday in values(name, 0, 6, DAYS) and (day.day - 1) // 7 + 1 == int(nth):
                return True
        elif weekday in {value % 7 for value in values(item, 0, 6, DAYS)}:
            return True
    return False


class Job:
    def __init__(self, expression, has_seconds):
        expression = {"@daily": "0 0 * * *", "@hourly": "0 * * * *"}.get(expression, expression)
        fields = expression.split()
        if not has_seconds:
            fields.insert(0, "0")
        second, minute, hour, self.day, month, self.weekday = fields
        self.elapsed = minute.startswith("*") or hour.startswith("*")
        self.seconds = values(second, 0, 59, [])
        self.minutes = values(minute, 0, 59, [])
        self.hours = values(hour, 0, 23, [])
        self.months = values(month, 1, 12, MONTHS)
        self.step = timedelta(seconds=1 if has_seconds else 60)
        self.known_days = {}

    def day_matches(self, day):
        if day.month not in self.months:
            return False
        by_date = day_of_month_matches(self.day, day)
        by_weekday = day_of_week_matches(self.weekday, day)
        if self.day[0] in "*?" or self.weekday[0] in "*?":
            return by_date and by_weekday
        return by_date or by_weekday

    def matches(self, clock):
        if clock.second not in self.seconds or clock.minute not in self.minutes or clock.hour not in self.hours:
            return False
        day = clock.date()
        if day not in self.known_days:
            self.known_days[day] = self.day_matches(day)
        return self.known_days[day]

    def ticks(self, zone, start, end):
        # The clock is watched from a day and a half before, so that it knows what it has shown.
        now = start - timedelta(hours=36)
        latest = now.astimezone(zone).replace(tzinfo=None)
        while now < end:
            now += self.step
            clock = now.astimezone(zone).replace(tzinfo=None)
            if self.elapsed:
                fires = self.matches(clock)
            else:
                fires = False
                while latest < clock:
                    latest += self.step
                    fires = self.matches(latest) or fires
            if fires and now > start:
                yield now


def every_ticks(expression, start, end):
    parts = re.findall(r"(\d+)([hms])", expression)
    step = sum(int(count) * {"h": 3600, "m": 60, "s": 1}[unit] for count, unit in parts)
    second = int(start.timestamp()) // step * step + step
    while second <= end.timestamp():
        yield datetime.fromtimestamp(second, UTC)
        second += step


def main():
    for name, jumps in JUMPS:
        zone = ZoneInfo(name)
        for jump in jumps:
            at = datetime.fromisoformat(jump).replace(tzinfo=UTC)
            before, after = (at - timedelta(seconds=1)).astimezone(zone), at.astimezone(zone)
            assert name == "UTC" or before.utcoffset() != after.utcoffset(), (name, jump)
            for expression, has_seconds, window in EXPRESSIONS:
                start, end = at - window, at + window
                if expression.startswith("@every"):
                    ticks = every_ticks(expression, start, end)
                else:
                    ticks = Job(expression, has_seconds).ticks(zone, start, end)
                text = " ".join(tick.strftime("%Y-%m-%dT%H:%M:%SZ") for tick in ticks)
                times = "\t".join(time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (start, end))
                print(f"{name}\t{has_seconds}\t{expression}\t{times}\t{text}")


if __name__ == "__main__":
    main()
