import { describe, expect, test } from 'vitest';
import { readLawTable } from '../../../src/theory/tables/law-table.ts';

describe('a table of trainings', () => {
  test('finds columns by their usual names, and takes the tokens from the compute: D = C / 6N', () => {
    const { accountings, columns } = readLawTable('Model Size,Training FLOP,loss\n2e6,1.2e14,3.5\n', 'table.csv');
    expect(columns).toEqual({ tokens: null, flops: 'Training FLOP', loss: 'loss' });
    expect(accountings).toEqual([
      {
        convention: 'parameters',
        column: 'Model Size',
        points: [{ numParameters: 2e6, numTokens: 1e7, loss: 3.5, flops: 1.2e14, label: 'line 2' }],
      },
    ]);
  });

  test('without a column of compute it is 6·N·D, without one of parameters they are C / 6D', () => {
    const [first] = readLawTable('N,D,val_loss\n100,1000,2\n', 'table.csv').accountings;
    expect(first?.points[0]?.flops).toBe(6e5);
    const [second] = readLawTable('tokens,flops,bpb\n1000,6e5,2\n', 'table.csv').accountings;
    expect(second).toMatchObject({ column: null, points: [{ numParameters: 100 }] });
  });

  test('takes several conventions of counting parameters, and rows that fit a condition', () => {
    const text = 'run,total,body,tokens,loss\na,300,200,10,3\nb,500,300,20,2\n';
    const parameters = new Map([
      ['total', 'total'],
      ['nonEmbedding', 'body'],
    ]);
    const { accountings } = readLawTable(text, 'table.csv', { parameters, where: new Map([['run', 'b']]) });
    expect(accountings.map(({ convention, points }) => [convention, points.map((p) => p.numParameters)])).toEqual([
      ['total', [500]],
      ['nonEmbedding', [300]],
    ]);
  });

  test.each([
    ['no loss', 'N,D\n1,2\n', {}, 'found no column of loss'],
    ['neither tokens nor compute', 'N,loss\n1,2\n', {}, 'found no column of tokens or flops'],
    ['a column that is not there', 'N,D,loss\n1,2,3\n', { loss: 'val' }, 'has no column "val"'],
    ['no row that fits', 'N,D,loss\n1,2,3\n', { where: new Map([['N', '7']]) }, 'no row of table.csv has N=7'],
    ['a loss of zero', 'N,D,loss\n1,2,3\n1,4,0\n', {}, 'line 3: "loss" is "0", expected a number above 0'],
    ['a loss that is none', 'N,D,loss\n1,2,nan\n', {}, 'line 2: "loss" is "nan"'],
    ['an empty cell', 'N,D,loss\n1,,3\n', {}, 'line 2: "D" is ""'],
    ['a number with a decimal comma', 'N;D;loss\n1;2;3,1\n', {}, 'line 2: "loss" is "3,1"'],
  ])('%s: a fault that says so', (_, text, columns, message) => {
    expect(() => readLawTable(text, 'table.csv', columns)).toThrow(message);
  });

  test('several conventions need the tokens themselves: from the compute they would differ', () => {
    const parameters = new Map([
      ['a', 'x'],
      ['b', 'y'],
    ]);
    expect(() => readLawTable('x,y,flops,loss\n1,2,3,4\n', 'table.csv', { parameters })).toThrow(
      'found no column of tokens',
    );
  });
});
