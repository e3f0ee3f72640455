// BM25: quantlab.learn.asking.bm25 again, in the reader's own browser.
"use strict";

class Bm25 {
  constructor(documents, { K1, B }) {
    this.size = documents.length;
    const lengths = documents.map((counts) => [...counts.values()].reduce((a, b) => a + b, 0));
    const mean = lengths.reduce((a, b) => a + b, 0) / Math.max(this.size, 1) || 1;
    this.k1 = K1;
    this.heldBack = lengths.map((length) => K1 * (1 - B + (B * length) / mean));
    this.found = new Map();
    documents.forEach((counts, n) => {
      for (const [word, count] of counts) {
        if (!this.found.has(word)) this.found.set(word, []);
        this.found.get(word).push([n, count]);
      }
    });
  }

  has(word) {
    return this.found.has(word);
  }

  idf(word) {
    const n = (this.found.get(word) ?? []).length;
    return Math.log(1 + (this.size - n + 0.5) / (n + 0.5));
  }

  scores(word) {
    const idf = this.idf(word);
    return (this.found.get(word) ?? []).map(([n, count]) => [
      n,
      (idf * count * (this.k1 + 1)) / (count + this.heldBack[n]),
    ]);
  }
}
