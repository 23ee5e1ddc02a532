import { serveTasks } from '../../../src/core/node.ts';
import { createEncodeHandler } from './encode-handler.ts';

export default serveTasks(createEncodeHandler);
