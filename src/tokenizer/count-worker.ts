import { serveTasks } from '../core/node.ts';
import { createCountHandler } from './count-handler.ts';

export default serveTasks(createCountHandler);
