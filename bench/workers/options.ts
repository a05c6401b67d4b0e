/** What the process that started a side has told it. */
export const givenOptions = <Options>(): Options => JSON.parse(process.argv[2] ?? '{}');
