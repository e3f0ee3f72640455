// Asks the course in the reader's own browser: quantlab.learn.asking again, with its numbers.
"use strict";

const add = (map, key, value) => map.set(key, (map.get(key) ?? 0) + value);
const raise = (map, key, value) => map.set(key, Math.max(map.get(key) ?? 0, value));
const pairs = (stems) => stems.slice(1).map((stem, n) => `${stems[n]} ${stem}`);

// What one letter too few, too many, another or in its neighbour's place makes of a word.
function slips(word, letters) {
  const found = [];
  for (let n = 1; n <= word.length; n++) {
    const [head, tail] = [word.slice(0, n), word.slice(n)];
    found.push(head + tail.slice(1));
    if (tail.length > 1) found.push(head + tail[1] + tail[0] + tail.slice(2));
    for (const letter of letters) found.push(head + letter + tail, head + letter + tail.slice(1));
  }
  return found;
}

function counted(...fields) {
  const whole = new Map();
  for (const [words, weight] of fields) for (const word of words) add(whole, word, weight);
  return whole;
}

class Course {
  constructor(data) {
    Object.assign(this, data);
    this.pattern = (name) => new RegExp(data.patterns[name], "gu");
    this.fillers = new Set(data.fillers);
    this.stemmer = new EnglishStemmer();
    const { HEADING, ASKED_AS } = data.weights;
    const counts = (terms, texts) =>
      data.sections.map((section, n) =>
        counted([texts[n].flatMap(terms), 1], [terms(section.topic), HEADING]),
      );
    const own = counts((stems) => stems, data.sections.map(({ words }) => words));
    data.sections.forEach(({ asked_as }, n) => {
      for (const word of asked_as.flat()) add(own[n], word, ASKED_AS);
    });
    // A question that is asked like one of these fits as it fits a paragraph.
    const texts = data.sections.map(({ words, asked_as }) => [...words, ...asked_as]);
    const lessons = new Map();
    data.sections.forEach(({ lesson }, n) => {
      if (!lessons.has(lesson)) lessons.set(lesson, new Map());
      for (const [word, count] of own[n]) add(lessons.get(lesson), word, count);
    });
    const index = (documents) => new Bm25(documents, data.weights);
    this.own = index(own);
    this.lessonNames = [...lessons.keys()];
    this.lessons = index([...lessons.values()]);
    this.sectionOf = texts.flatMap((each, n) => each.map(() => n));
    this.paragraphs = index(texts.flat().map((words) => counted([words, 1])));
    this.pairs = index(counts(pairs, texts));
  }

  words(text) {
    return (text.toLowerCase().match(this.pattern("WORD")) ?? [])
      .filter((word) => !this.fillers.has(word))
      .map((word) => this.own_(this.same, word) ?? word.replace(this.pattern("BRITISH"), "iz"))
      .map((form) => this.own_(this.stems, form) ?? this.stemmer.stemWord(form));
  }

  own_(table, key) {
    return Object.hasOwn(table, key) ? table[key] : undefined;
  }

  inParts(question) {
    return question.replace(this.pattern("NAME"), (name) =>
      this.words(name).every((word) => this.own.has(word))
        ? name
        : name.replace(this.pattern("PART"), " "),
    );
  }

  mended(question) {
    const spelled = (question.match(this.pattern("SPELLED")) ?? []).join(" ");
    const names = new Set(spelled.match(this.pattern("LONG")) ?? []);
    const known = (stem) => this.own.has(stem) || Object.hasOwn(this.synonyms, stem);
    return question.replace(this.pattern("LONG"), (whole) => {
      const word = whole.toLowerCase();
      if (names.has(whole) || this.words(word).every(known)) return whole;
      for (let n = 3; n < word.length - 2; n++) {
        const apart = `${word.slice(0, n)} ${word.slice(n)}`;
        if (this.pairs.scores(this.words(apart).join(" ")).length > 1) return apart;
      }
      const near = slips(word, this.weights.LETTERS)
        .filter((form) => Object.hasOwn(this.stems, form) && this.own.has(this.stems[form]))
        .map((form) => [this.own.idf(this.stems[form]), form]);
      near.sort(([a, one], [b, other]) => a - b || (one < other ? -1 : 1));
      return near.length ? near[0][1] : whole;
    });
  }

  groups(question) {
    const asked = this.words(question);
    const found = new Map();
    for (let n = 0; n < asked.length; ) {
      const pair = asked.slice(n, n + 2);
      const isOne = pair.length === 2 && Object.hasOwn(this.synonyms, pair.join(" "));
      const together = isOne ? pair : pair.slice(0, 1);
      const group = new Map(together.map((word) => [word, 1]));
      for (const word of this.own_(this.synonyms, together.join(" ")) ?? [])
        if (!group.has(word)) group.set(word, this.weights.SYNONYM);
      if (!found.has(asked[n])) found.set(asked[n], group);
      n += together.length;
    }
    return [...found.values()];
  }

  summed(index, asked) {
    const total = new Map();
    for (const group of asked) {
      const best = new Map();
      for (const [word, weight] of group)
        for (const [n, score] of index.scores(word)) raise(best, n, weight * score);
      for (const [n, score] of best) add(total, n, score);
    }
    return total;
  }

  scores(question, asked) {
    const { LESSON, PARAGRAPH, PAIR, DEFINED } = this.weights;
    const ofLesson = this.summed(this.lessons, asked);
    const paragraph = new Map();
    for (const [n, score] of this.summed(this.paragraphs, asked))
      raise(paragraph, this.sectionOf[n], score);
    const sideBySide = [...new Set(pairs(this.words(question)))];
    const more = this.summed(this.pairs, sideBySide.map((pair) => new Map([[pair, PAIR]])));
    const said = new Set(asked.map((group) => [...group.keys()][0]));
    for (const [stems, n] of this.defined)
      if (stems.every((stem) => said.has(stem)))
        add(more, n, DEFINED * stems.reduce((sum, stem) => sum + this.own.idf(stem), 0));
    const scores = new Map();
    for (const [n, score] of this.summed(this.own, asked)) {
      const { standing, lesson } = this.sections[n];
      const below = LESSON * ofLesson.get(this.lessonNames.indexOf(lesson));
      scores.set(
        n,
        standing * (score + below + PARAGRAPH * (paragraph.get(n) ?? 0) + (more.get(n) ?? 0)),
      );
    }
    return scores;
  }

  covered(asked) {
    const tells = asked.map((group) => this.tells(group));
    const whole = tells.reduce((a, b) => a + b, 0);
    const covered = new Map();
    asked.forEach((group, place) => {
      const has = new Map();
      for (const [word, weight] of group)
        for (const [n] of this.own.scores(word)) raise(has, n, weight);
      for (const [n, weight] of has) add(covered, n, (weight * tells[place]) / whole);
    });
    return covered;
  }

  tells(group) {
    const known = [...group.keys()].filter((word) => this.own.has(word));
    if (!known.length) return this.own.idf([...group.keys()][0]);
    return Math.min(...known.map((word) => this.own.idf(word)));
  }

  paragraph(n, asked) {
    const told = this.sections[n].words.map((stems) => {
      const said = new Set(stems);
      const worth = ([word, weight]) => (said.has(word) ? weight * this.own.idf(word) : 0);
      return asked.reduce((sum, group) => sum + Math.max(0, ...[...group].map(worth)), 0);
    });
    return this.sections[n].paragraphs[told.indexOf(Math.max(...told))];
  }

  entry(asked) {
    const said = new Map(asked.map((group) => [[...group.keys()][0], this.tells(group)]));
    const whole = [...said.values()].reduce((a, b) => a + b, 0);
    let [best, share] = [null, this.weights.ENTRY_FITS];
    for (const entry of this.entries)
      for (const stems of entry.terms) {
        if (!stems.every((stem) => said.has(stem))) continue;
        const part = stems.reduce((sum, stem) => sum + said.get(stem), 0) / whole;
        if (part > share) [best, share] = [entry, part];
      }
    return best;
  }

  // What CourseIndex.find and Answer.to_dict say together.
  find(asQuestion) {
    const { SHOWN, STRENGTH, UNKNOWN_NAME, FITS, WHOLE } = this.weights;
    const question = this.mended(this.inParts(asQuestion));
    const asked = this.groups(question);
    const scores = this.scores(question, asked);
    const best = [...scores.keys()].sort((a, b) => scores.get(b) - scores.get(a) || a - b);
    best.length = Math.min(best.length, SHOWN);
    const shares = this.covered(asked);
    const covered = Math.max(0, ...best.map((n) => shares.get(n)));
    const named = new Set(this.words((question.match(this.pattern("SPELLED")) ?? []).join(" ")));
    const unknown = asked.some((group) => {
      const words = [...group.keys()];
      return words.some((w) => named.has(w)) && !words.some((w) => this.own.has(w));
    });
    const speaks = covered + STRENGTH * (scores.get(best[0]) ?? 0) - UNKNOWN_NAME * unknown;
    const fits = best.length > 0 && (speaks >= FITS || covered >= WHOLE);
    const hit = (n) => ({
      ...this.sections[n],
      score: scores.get(n),
      excerpt: this.paragraph(n, asked),
    });
    return { fits, entry: fits ? this.entry(asked) : null, hits: fits ? best.map(hit) : [] };
  }
}

function element(name, ...inside) {
  const made = document.createElement(name);
  made.append(...inside);
  return made;
}

// `code` and **bold** of the lessons' Markdown, everything else as it is.
function* marked(text) {
  for (const part of text.split(/(`[^`]+`|\*\*.+?\*\*)/)) {
    if (part.startsWith("`") && part.length > 1) yield element("code", part.slice(1, -1));
    else if (part.startsWith("**")) yield element("strong", ...marked(part.slice(2, -2)));
    else yield part;
  }
}

function cut(text, most) {
  if (text.length <= most) return text;
  let short = text.slice(0, most);
  short = short.slice(0, Math.max(short.lastIndexOf(" "), 0)) || short;
  if ((short.match(/\*\*/g) ?? []).length % 2) short += "**";
  if ((short.match(/`/g) ?? []).length % 2) short += "`";
  return `${short} …`;
}

function link(text, address) {
  const made = element("a", text);
  made.href = address;
  return made;
}

function shown(course, question) {
  if (!course.words(question).length) return [element("p", "Write what you want to know.")];
  const { fits, entry, hits } = course.find(question.split(/\s+/).join(" ").trim());
  if (!fits) {
    const titles = course.titles.map((title) => element("li", title));
    return [element("p", course.weights.NOTHING), element("ul", ...titles)];
  }
  const place = ({ title, heading }) => (title === heading ? title : `${title} → ${heading}`);
  const items = hits.map((hit) => {
    const said = marked(cut(hit.excerpt, course.weights.EXCERPT));
    return element("li", link(place(hit), hit.link), element("br"), ...said);
  });
  const list = element("ol", ...items);
  if (!entry) return [list];
  const term = link(entry.term, `glossary.html#term-${entry.term.replace(/[^\w-]+/g, "-")}`);
  return [element("p", term, ": ", ...marked(entry.means)), list];
}

// Not "q": that is what the site's search reads, on every page.
const form = document.getElementById("ql-ask");
if (form) {
  const course = new Course(window.quantlabCourse);
  const field = form.elements.question;
  const answer = document.getElementById("ql-answer");
  const ask = () => answer.replaceChildren(...shown(course, field.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    history.replaceState(null, "", `?${new URLSearchParams({ question: field.value })}`);
    ask();
  });
  field.value = new URLSearchParams(location.search).get("question") ?? "";
  if (field.value) ask();
}
