/** Whether tests run at full size (`GROUNDWORK_FULL_TESTS=true`), rather than in the time that one has between two edits. */
export const runsEverything = process.env.GROUNDWORK_FULL_TESTS === 'true';

/** How many inputs a property is held against: `full` of them at full size, else a sixth. */
export const runsOf = (full: number): number => (runsEverything ? full : Math.ceil(full / 6));
