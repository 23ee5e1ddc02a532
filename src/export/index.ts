// export/: a run in the forms in which others go on with it: a bundle for JAX on accelerators and clusters, and back.
export {
  type BundledFile,
  type BundleManifest,
  type BundleOutcome,
  bundleFile,
  bundleSchema,
  type Mesh,
  outcomeFile,
  outcomeSchema,
} from './bundle-manifest.ts';
export { type BundlePlan, type BundlePlanRequest, forecastOnDevices, planBundle } from './bundle-plan.ts';
export type { Launch } from './launch/launch.ts';
export { type Bundle, changedFiles, openBundle, type PullOptions, pullBundle } from './pull-bundle.ts';
export { type BundleOptions, type WrittenBundle, writeBundle } from './write-bundle.ts';
