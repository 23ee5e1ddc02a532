import { GroundworkError } from '../../core/index.ts';
import type { RecordFault } from '../document.ts';

/** What a build does with a record that cannot be read: counts and skips it, or stops. */
export type FaultPolicy = 'skip' | 'stop';

/**
 * Holds the faults of readers and of `parseRecord` against the policy.
 *
 * @returns for `skip`: the caller counts the fault under its kind
 * @throws GroundworkError `invalid-document` for `stop`, naming source, line and byte
 */
export function applyFaultPolicy(fault: RecordFault, policy: FaultPolicy): void {
  if (policy === 'skip') return;
  const place = `${fault.source}:${fault.line}:${fault.byteOffset}`;
  throw new GroundworkError('invalid-document', `${place}: ${fault.kind}: ${fault.message}`, {
    hint: 'Mend the record, or go on without such records by --on-fault skip; they are counted in the report.',
  });
}
