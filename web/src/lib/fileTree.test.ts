import { describe, expect, it } from 'vitest';
import { buildFileTree, filesBelow, visibleNodes } from './fileTree';

const files = ['b/10.txt', 'b/9.txt', 'readme', 'b/c/deep.bin', 'a.txt'].map((path, index) => ({ index, path, length: 10 ** index }));

describe('buildFileTree', () => {
  const root = buildFileTree(files, 'en');

  it('puts folders first and numbers in their order', () => {
    expect(visibleNodes(root, () => true).map(({ path, depth }) => `${depth} ${path}`)).toEqual([
      '0 b',
      '1 b/c',
      '2 b/c/deep.bin',
      '1 b/9.txt',
      '1 b/10.txt',
      '0 a.txt',
      '0 readme',
    ]);
  });

  it('shows what lies in open folders only', () => {
    expect(visibleNodes(root, () => false).map(({ name }) => name)).toEqual(['b', 'a.txt', 'readme']);
  });

  it('adds up sizes and knows the files below', () => {
    const folder = root.children[0];
    expect(folder?.length).toBe(1 + 10 + 1000);
    expect(folder && filesBelow(folder).sort()).toEqual([0, 1, 3]);
  });

  it('takes names that objects have by themselves', () => {
    const odd = buildFileTree([{ index: 0, path: '__proto__/constructor', length: 1 }]);
    expect(visibleNodes(odd, () => true).map(({ path }) => path)).toEqual(['__proto__', '__proto__/constructor']);
  });

  it('holds a hundred thousand files', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({ index, path: `d${index % 1000}/f${index}`, length: 1 }));
    const tree = buildFileTree(many);
    expect(tree.children).toHaveLength(1000);
    expect(tree.length).toBe(100_000);
  });
});
