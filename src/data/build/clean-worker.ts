import { serveTasks } from '../../core/node.ts';
import { createCleanHandler } from './clean-handler.ts';

export default serveTasks(createCleanHandler);
