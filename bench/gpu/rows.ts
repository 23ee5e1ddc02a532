/** A row of the table: one framework in one setting. `run.py` starts it. */
export interface RowSpec {
  /** By which --rows chooses it. */
  readonly id: string;
  readonly label: string;
  /** In which Python, or by the command given for the session of our engine. */
  readonly runner: 'jax' | 'torch' | 'session';
  readonly script: string;
  readonly flags: readonly string[];
  /** What its process finds in its environment, beside what was there. */
  readonly environment: { readonly [name: string]: string };
  /** Runs in the first round only. */
  readonly isOnce: boolean;
}

type Traits = Partial<Pick<RowSpec, 'flags' | 'environment' | 'isOnce'>>;

const row = (id: string, label: string, runner: RowSpec['runner'], script: string, traits: Traits = {}): RowSpec => ({
  id,
  label,
  runner,
  script,
  flags: [],
  environment: {},
  isOnce: false,
  ...traits,
});

const attention = (implementation: string) => ['--attention', implementation];

/** What our engine and our runner set, so that a step gives the same bits each time. */
const deterministic = { XLA_FLAGS: '--xla_gpu_deterministic_ops=true' };

export const rowSpecs: readonly RowSpec[] = [
  row('ours-cudnn', 'ours, fast form, cuDNN attention', 'jax', 'ours.py', { flags: attention('cudnn') }),
  row('pytorch', 'PyTorch compiled', 'torch', 'pytorch_row.py'),
  row('pytorch-cudnn', 'PyTorch compiled, cuDNN attention', 'torch', 'pytorch_row.py', { flags: attention('cudnn') }),
  row('ours-xla', 'ours, fast form, XLA attention', 'jax', 'ours.py', { flags: attention('xla') }),
  row('plain-jax', 'JAX by hand, cuDNN attention', 'jax', 'plain_jax_row.py', { flags: attention('cudnn') }),
  row('plain-jax-xla', 'JAX by hand, XLA attention', 'jax', 'plain_jax_row.py', {
    flags: attention('xla'),
    isOnce: true,
  }),
  row('ours-deterministic', 'ours, fast form, cuDNN attention, deterministic', 'jax', 'ours.py', {
    flags: attention('cudnn'),
    environment: deterministic,
  }),
  row('ours-session', 'ours, through the session of the engine', 'session', '', {}),
  row('ours-reference', 'ours, reference form', 'jax', 'ours.py', {
    flags: ['--form', 'reference'],
    isOnce: true,
  }),
];
