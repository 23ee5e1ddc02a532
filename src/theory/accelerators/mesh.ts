import { assert } from '../../core/index.ts';

/** How devices are laid out: `data` × `fsdp` × `model` of them. The names are those of the runner. */
export interface DeviceMesh {
  /** Copies of the model, each with rows of its own. */
  readonly data: number;
  /** Devices among which the parameters and the optimizer of a copy are shared out; each has rows of its own. */
  readonly fsdp: number;
  /** Devices that share each matrix product. */
  readonly model: number;
}

export const numDevicesOf = ({ data, fsdp, model }: DeviceMesh): number => data * fsdp * model;

/** Devices that each have rows of their own. */
export const numRowGroups = ({ data, fsdp }: DeviceMesh): number => data * fsdp;

/** `8 devices: parameters shared out over 8`, for a person. */
export function meshText(mesh: DeviceMesh): string {
  const { data, fsdp, model } = mesh;
  const parts = [
    ...(data > 1 ? [`${data} copies of the model`] : []),
    ...(fsdp > 1 ? [`parameters and optimizer shared out over ${fsdp} devices (FSDP)`] : []),
    ...(model > 1 ? [`each matrix product over ${model} devices (tensor parallel)`] : []),
  ];
  return parts.length === 0 ? 'one device' : parts.join(', ');
}

/**
 * The mesh of so many devices.
 *
 * @param numDevices a multiple of `model`
 */
export function meshOf(
  numDevices: number,
  { fsdp = false, model = 1 }: { readonly fsdp?: boolean; readonly model?: number } = {},
): DeviceMesh {
  assert(numDevices % model === 0, `${numDevices} devices cannot be cut into groups of ${model}`);
  const groups = numDevices / model;
  return fsdp ? { data: 1, fsdp: groups, model } : { data: groups, fsdp: 1, model };
}
