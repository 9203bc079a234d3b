#!/usr/bin/env node
// Pawl's cron beside croner and cron-parser: at least 100,000 random (expression, zone, instant) each, the next three
// ticks of each. What differs must be predicted by a rule of cron_differences.mjs; anything else fails, and is printed
// so that it can be run again alone:
//
//   cron_test.mjs CRON_TICKS                                          the test; PAWL_CRON_SEED and PAWL_CRON_COUNT
//                                                                     choose other triples, and more
//   cron_test.mjs CRON_TICKS EXPRESSION SECONDS(0|1) ZONE INSTANT     one triple; INSTANT as 2025-03-30T00:59:00Z
//
// CRON_TICKS is the program of cron_ticks.cpp. The triples of a seed are the same wherever the zone data are.
import {spawnSync} from 'node:child_process';
import os from 'node:os';
import {fileURLToPath} from 'node:url';
import {isMainThread, parentPort, Worker, workerData} from 'node:worker_threads';
import {COUNT, expectedRefusal, explainCroner, explainCronParser, question, same, ticksOf} from './cron_differences.mjs';
import {Random, randomExpression} from './cron_expressions.mjs';
import {croner, cronParser, speedUpLuxon} from './cron_libraries.mjs';
import {loadZones, randomInstant} from './cron_zones.mjs';

const LIBRARIES = [
  {name: 'croner', run: croner, explain: explainCroner},
  {name: 'cron-parser', run: cronParser, explain: explainCronParser},
];
const BATCH = 1000;
const MOST_FAILURES = 20;

function pawlAt(program) {
  return (lines) => {
    if (lines.length === 0) return [];
    const {status, stdout, error} = spawnSync(program, {input: `${lines.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 28});
    if (error || status !== 0) throw new Error(`${program} failed: ${error?.message ?? `exit code ${status}`}`);
    return stdout.slice(0, -1).split('\n');
  };
}

// Runs the generators together, each round's questions at once; gives what they return.
function explainAll(generators, askPawl) {
  const results = [];
  let open = generators.map((generator, index) => ({generator, index, step: generator.next()}));
  while (open.length > 0) {
    for (const {index, step} of open) if (step.done) results[index] = step.value;
    open = open.filter(({step}) => !step.done);
    const answers = askPawl(open.flatMap(({step}) => step.value));
    for (const entry of open) entry.step = entry.generator.next(answers.splice(0, entry.step.value.length));
  }
  return results;
}

const text = (ticks) => ticks.map((tick) => new Date(tick).toISOString().replace('.000Z', 'Z')).join(' ') || 'never';

function failure(library, {expression, zone, after}, pawl, theirs) {
  return `${library.name}: '${expression.text}' ${expression.seconds ? 1 : 0} ${zone.name} ${new Date(after).toISOString()}\n` +
    `  pawl: ${typeof pawl === 'string' ? pawl : text(pawl)}\n  ${library.name}: ${theirs.refused ?? text(theirs.ticks)}`;
}

class Tally {
  constructor() {
    this.compared = 0;
    this.classes = {};
    this.failures = [];
  }
  count(name) {
    this.classes[name] = (this.classes[name] ?? 0) + 1;
  }
  add(other) {
    this.compared += other.compared;
    this.failures.push(...other.failures);
    for (const [name, count] of Object.entries(other.classes)) this.classes[name] = (this.classes[name] ?? 0) + count;
  }
}

function compare(library, triples, answers, askPawl, tally) {
  const differing = [];
  triples.forEach((triple, i) => {
    const theirs = library.run(triple.expression, triple.zone, triple.after, COUNT);
    if (answers[i].startsWith('error')) {
      tally.failures.push(failure(library, triple, answers[i], theirs));
      return;
    }
    const pawl = ticksOf(answers[i], triple.zone);
    if (theirs.refused === undefined) {
      tally.compared++;
      if (!same(pawl, theirs.ticks)) differing.push({triple, pawl, theirs});
      return;
    }
    const rule = expectedRefusal(library.name, triple.expression, theirs.refused);
    if (rule) tally.count(rule);
    else tally.failures.push(failure(library, triple, pawl, theirs));
  });
  const rules = explainAll(
    differing.map(({triple, pawl, theirs}) => library.explain(triple, pawl, theirs.ticks)), askPawl);
  differing.forEach(({triple, pawl, theirs}, i) => {
    if (rules[i]) tally.count(rules[i]);
    else tally.failures.push(failure(library, triple, pawl, theirs));
  });
}

function randomTriple(seed, index, zones) {
  // The first numbers of neighbouring seeds are alike; their own mixture is not.
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const zone = random.of(zones);
  return {expression: randomExpression(random), zone, after: randomInstant(random, zone)};
}

// Each worker takes every workers-th triple, until each library has compared its share.
function work({program, seed, share, first, workers}) {
  const askPawl = pawlAt(program);
  const zones = loadZones(askPawl);
  speedUpLuxon(zones);
  const tallies = LIBRARIES.map(() => new Tally());
  for (let index = first; tallies.some((tally) => tally.compared < share && tally.failures.length < MOST_FAILURES);) {
    const triples = Array.from({length: BATCH}, (_, i) => randomTriple(seed, index + i * workers, zones));
    index += BATCH * workers;
    const answers = askPawl(triples.map(({expression, zone, after}) => question(expression, zone, after)));
    LIBRARIES.forEach((library, i) => compare(library, triples, answers, askPawl, tallies[i]));
  }
  return {zones: zones.length, tallies: tallies.map(({compared, classes, failures}) => ({compared, classes, failures}))};
}

async function runAll(program, seed, count) {
  const workers = Math.max(2, Math.min(8, os.availableParallelism?.() ?? os.cpus().length));
  const results = await Promise.all(Array.from({length: workers}, (_, first) => new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), {
      workerData: {program, seed, share: Math.ceil(count / workers), first, workers},
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  })));
  const tallies = LIBRARIES.map(() => new Tally());
  for (const result of results) result.tallies.forEach((tally, i) => tallies[i].add(tally));
  return {zones: results[0].zones, tallies};
}

function report(seed, {zones, tallies}) {
  console.log(`seed ${seed} (PAWL_CRON_SEED), ${zones} zones`);
  LIBRARIES.forEach(({name}, i) => {
    const {compared, classes, failures} = tallies[i];
    const differing = Object.entries(classes).sort(([, a], [, b]) => b - a);
    console.log(`${name}: ${compared} compared, ${failures.length} unexplained`);
    for (const [rule, count] of differing) console.log(`  ${String(count).padStart(7)}  ${rule}`);
    for (const line of failures.slice(0, MOST_FAILURES)) console.log(line);
  });
  const failed = tallies.filter((tally) => tally.failures.length > 0).length;
  console.log(`${LIBRARIES.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function runOne(program, [expressionText, seconds, zoneName, instant]) {
  const askPawl = pawlAt(program);
  const zone = loadZones(askPawl).find(({name}) => name === zoneName);
  if (!zone) throw new Error(`${zoneName} is no zone of the test`);
  const triple = {expression: {text: expressionText, seconds: seconds === '1'}, zone, after: Date.parse(instant)};
  const answers = askPawl([question(triple.expression, zone, triple.after)]);
  console.log(`pawl: ${answers[0].startsWith('error') ? answers[0] : text(ticksOf(answers[0], zone))}`);
  const tallies = LIBRARIES.map((library) => {
    const theirs = library.run(triple.expression, zone, triple.after, COUNT);
    console.log(`${library.name}: ${theirs.refused ?? text(theirs.ticks)}`);
    const tally = new Tally();
    compare(library, [triple], answers, askPawl, tally);
    return tally;
  });
  return report(0, {zones: 1, tallies});
}

if (!isMainThread) {
  parentPort.postMessage(work(workerData));
} else if (process.argv.length === 7) {
  process.exitCode = runOne(process.argv[2], process.argv.slice(3));
} else if (process.argv.length === 3) {
  const seed = Number(process.env.PAWL_CRON_SEED ?? 1);
  process.exitCode = report(seed, await runAll(process.argv[2], seed, Number(process.env.PAWL_CRON_COUNT ?? 100000)));
} else {
  console.error('usage: cron_test.mjs CRON_TICKS [EXPRESSION SECONDS ZONE INSTANT]');
  process.exitCode = 2;
}
