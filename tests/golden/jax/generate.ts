// Writes the golden texts of emitted Python anew: npx tsx tests/golden/jax/generate.ts. Read the difference before you keep it.
import { writeFileSync } from 'node:fs';
import { goldenModules } from './modules.ts';

for (const [name, text] of goldenModules()) writeFileSync(new URL(name, import.meta.url), text);
