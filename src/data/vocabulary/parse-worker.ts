import { serveTasks } from '../../core/node.ts';
import { createParseHandler } from './parse-handler.ts';

export default serveTasks(createParseHandler);
