import { serveTasks } from '../../core/node.ts';
import { createSurveyHandler, type SurveyContext } from './survey-handler.ts';

export default serveTasks((context: SurveyContext) => createSurveyHandler(context));
