import { serveTasks } from '../../core/node.ts';
import { createTokenizeHandler, type TokenizeContext } from './tokenize-handler.ts';

export default serveTasks((context: TokenizeContext) => createTokenizeHandler(context));
