import { formatBytes, formatCount } from '../../page/index.ts';
import { durationText, percentText } from '../forecasting/quantity-text.ts';
import type { Estimate } from '../interval.ts';
import type { ClusterForecast } from './cluster-forecast.ts';
import { type DeviceMesh, meshText, numDevicesOf } from './mesh.ts';

const devicesText = (count: number): string => (count === 1 ? 'one device' : `${formatCount(count)} devices`);

/** `between 1 d 4 h and 2 d 3 h`, each end written by `write`. */
const rangeOf = (estimate: Estimate, write: (value: number) => string): string =>
  `between ${write(estimate.interval80[0])} and ${write(estimate.interval80[1])}`;

/** Whether it fits, and the smallest number of devices that does, in a sentence or two. */
export function fitSentence(forecast: ClusterForecast): string {
  const { fit, fewest, accelerator, peakMemoryBytes, numDevices, mesh } = forecast;
  const { memory, usableBytes, microRowsPerDevice } = fit;
  const sizes = `${formatBytes(memory.peak)} of the ${formatBytes(usableBytes)} that may be used`;
  const each = numDevices === 1 ? 'the device' : 'each device';
  const found = fit.fits
    ? `It fits: ${each} holds ${sizes}, with ${rowsText(microRowsPerDevice)} at once` +
      (peakMemoryBytes.interval80[1] > usableBytes ? '; so narrowly that it may not' : '')
    : `It does not fit: ${each} would hold ${sizes}, with ${rowsText(microRowsPerDevice)} at once`;
  if (fewest === null) return `${found}. No number of ${accelerator.title} is enough.`;
  return `${found}. The fewest that it fits on: ${fewestText(fewest, mesh)}.`;
}

function fewestText(fewest: DeviceMesh, { model }: DeviceMesh): string {
  const count = numDevicesOf(fewest);
  const shared = count > model ? ' with --fsdp' : '';
  return `${devicesText(count)}${shared}, one row at once, blocks computed a second time`;
}

const rowsText = (rows: number): string => (rows === 1 ? 'one row' : `${formatCount(rows)} rows`);

/** Time, rate, device-hours and cost, in a sentence. */
export function costSentence(forecast: ClusterForecast): string {
  const { durationMs, deviceHours, tokensPerSecond, cost, numTokens, accelerator, numDevices } = forecast;
  const hours = (value: number) => formatCount(Math.round(value));
  const money = cost === null ? '' : `, which cost ${hours(cost.value)} (${rangeOf(cost, hours)})`;
  return (
    `${formatCount(numTokens)} tokens take ${durationText(durationMs.value)} ` +
    `(four times in five ${rangeOf(durationMs, durationText)}) on ${formatCount(numDevices)} × ${accelerator.title}: ` +
    `${hours(tokensPerSecond.value)} tokens a second, ${hours(deviceHours.value)} device-hours ` +
    `(${rangeOf(deviceHours, hours)})${money}.`
  );
}

/** What a forecast for a cluster takes for granted, a sentence each. */
export function clusterAssumptions(forecast: ClusterForecast): string[] {
  const { efficiency, step, accelerator, numDevices, numHosts, mesh, fit } = forecast;
  const { inner, outer } = accelerator;
  const isFar = numDevices > inner.numDevices;
  const linkText = `${step.link ?? 'the links'}${isFar && outer !== null ? ', as the vendor builds hosts,' : ''}`;
  const waiting = Math.max(0, step.hiddenMs - step.computeMs) + step.exposedMs;
  return [
    `Time and memory are those of ${formatCount(numDevices)} × ${accelerator.title}` +
      `${numHosts > 1 ? ` on ${numHosts} hosts` : ''}, ${meshText(mesh)}.`,
    efficiency.text,
    ...(numDevices > 1
      ? [
          waiting > 0
            ? `Of a step ${percentText(waiting / step.msPerStep)} is spent waiting for ${linkText.replace(/,$/, '')}.`
            : `What travels over ${linkText} hides behind the arithmetic: it takes ${percentText(step.hiddenMs / step.msPerStep)} of a step.`,
        ]
      : []),
    ...(isFar && outer === null && accelerator.kind !== 'tpu'
      ? ['How such hosts are joined is not commonly the same: the time is as if all devices stood in one.']
      : []),
    ...(step.updateMs > 0.01 * step.msPerStep
      ? [
          `Muon’s update takes ${percentText(step.updateMs / step.msPerStep)} of a step, if the compiler shares it out as the parameters are.`,
        ]
      : []),
    fit.workload.hasFusedAttention
      ? 'Attention is taken to run as one kernel, as --attention cudnn of the runner has it.'
      : 'Attention keeps the scores of all pairs of positions for the backward pass, as XLA’s own kernel does; figures of others are of trainings that do not.',
    'The memory is a formula’s; the compiler may fuse, copy or pad otherwise. Evaluations, checkpoints, compilation and restarts come on top of the time.',
  ];
}
