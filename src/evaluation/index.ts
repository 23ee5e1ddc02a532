// evaluation/: bits per byte, minimal pairs, multiple choice, generation with a cache of keys and values.
export {};
