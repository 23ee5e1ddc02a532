import { z } from 'zod';
import { GroundworkError } from '../../core/index.ts';
import { type Accelerator, acceleratorOfDriver, measuredEfficiency, trainingWorkload } from '../../theory/index.ts';
import { recipeOfRun } from '../base-model.ts';
import { planSchema } from '../plan.ts';
import type { Run } from '../run/run-folder.ts';

/** The share of the peak rate that a run reached. */
export interface RunEfficiency {
  readonly accelerator: Accelerator;
  readonly numDevices: number;
  /** What `--efficiency` of a forecast takes. */
  readonly share: number;
  /** Of a step, the median. */
  readonly msPerStep: number;
}

const devicesSchema = z.object({ device: z.string(), numDevices: z.int().min(1) });

/** Steps at the beginning that compile and warm up. */
const firstSteps = 2;

/**
 * The share of the peak rate that the steps of a run reached.
 *
 * @returns undefined where it did not run on a device of the table, had too few steps, or its model is not one that can be counted
 */
export async function runEfficiency(run: Run): Promise<RunEfficiency | undefined> {
  const { manifest, folder } = run;
  const devices = devicesSchema.safeParse(manifest.engine.versions);
  const plan = planSchema.safeParse(manifest.plan);
  if (!devices.success || !plan.success) return undefined;
  const accelerator = acceleratorOfDriver(devices.data.device);
  if (accelerator === undefined) return undefined;
  const durations = run
    .events()
    .flatMap((event) => (event.type === 'step' ? [event.durationMs] : []))
    .slice(firstSteps)
    .sort((a, b) => a - b);
  const msPerStep = durations[Math.floor(durations.length / 2)];
  if (msPerStep === undefined || msPerStep <= 0) return undefined;
  try {
    const recipe = await recipeOfRun(manifest, folder);
    const { size, batch } = plan.data;
    const workload = trainingWorkload(recipe.model(size), manifest.optimizer, {
      batchSize: batch.batchSize,
      precision: batch.precision ?? 'float32',
      recompute: batch.recompute,
      documentMask: batch.documentMask,
    });
    const { numDevices } = devices.data;
    const share = measuredEfficiency({ workload, accelerator, numDevices, msPerStep });
    return share === undefined ? undefined : { accelerator, numDevices, share, msPerStep };
  } catch (fault) {
    // A recipe that is gone, or has a model of its own, is no reason not to tell of a run.
    if (fault instanceof GroundworkError) return undefined;
    throw fault;
  }
}
