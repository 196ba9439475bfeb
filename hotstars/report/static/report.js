"use strict";
// The table of stars: searched as one types, sorted by a column, kept in the address after #.
(() => {
  const PAGE = 100;
  const at = id => document.getElementById(id);
  const n = STARS.name.length;
  const SHORT = { ra: "ra", dec: "dec", k: "k", ew: "ew", v_tp: "v_tp", vtp: "v_tp", d: "distance" };
  const DIGITS = { ra: 5, dec: 5, k: 2, ew: 2, v_tp: 1, distance: 0 };
  const NUMERIC = Object.keys(DIGITS);
  const catalogues = i => STARS.titles.filter((_, bit) => STARS.catalogues[i] & (1 << bit));
  const text = STARS.name.map((name, i) =>
    `${name} ${STARS.type[i]} ${catalogues(i).join(", ")} ${STARS.sets[STARS.survey[i]]}`.toLowerCase());
  const state = { q: "", cat: "", sort: "", desc: false, page: 0 };
  let hits = [], kept = null, waiting = 0;

  function restore() {
    const given = new URLSearchParams(location.hash.slice(1));
    state.q = given.get("q") || "";
    state.cat = STARS.titles.includes(given.get("cat")) ? given.get("cat") : "";
    state.sort = given.get("sort") || "";
    state.desc = given.has("desc");
    state.page = Math.max(0, parseInt(given.get("page") || "1", 10) - 1 || 0);
    at("search").value = state.q;
    at("catalogue").value = state.cat;
  }

  function keep() {
    const told = new URLSearchParams();
    if (state.q) told.set("q", state.q);
    if (state.cat) told.set("cat", state.cat);
    if (state.sort) told.set("sort", state.sort);
    if (state.sort && state.desc) told.set("desc", "");
    if (state.page) told.set("page", state.page + 1);
    kept = "#" + told.toString();
    clearTimeout(waiting);  // browsers slow pages down that change their address at every key
    waiting = setTimeout(() => {
      if (kept !== (location.hash || "#")) location.replace(kept);
    }, 250);
  }

  const HOLDS = {"<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b,
                 ">=": (a, b) => a >= b};

  function search() {
    const words = [], limits = [];
    for (const word of state.q.toLowerCase().split(/\s+/).filter(Boolean)) {
      const limit = /^([a-z_]+)([<>]=?)([+-]?\d+\.?\d*)$/.exec(word.replace("−", "-"));
      if (limit && Object.hasOwn(SHORT, limit[1]))
        limits.push([STARS[SHORT[limit[1]]], HOLDS[limit[2]], +limit[3]]);
      else words.push(word);
    }
    const bit = 1 << STARS.titles.indexOf(state.cat);
    hits = [];
    for (let i = 0; i < n; i++) {
      if (state.cat && !(STARS.catalogues[i] & bit)) continue;
      if (!words.every(word => text[i].includes(word))) continue;
      if (limits.every(([values, holds, end]) => values[i] !== null && holds(values[i], end)))
        hits.push(i);
    }
    if (state.sort) sort();
  }

  function sort() {
    const key = state.sort, sign = state.desc ? -1 : 1;
    if (NUMERIC.includes(key)) {
      const values = STARS[key];  // what is missing comes last, either way
      hits.sort((a, b) => values[a] === null ? (values[b] === null ? a - b : 1)
        : values[b] === null ? -1 : sign * (values[a] - values[b]) || a - b);
    } else {
      const words = key === "catalogues" ? null : STARS[key];
      if (key !== "catalogues" && key !== "name" && key !== "type") return;
      const word = i => words ? words[i] : catalogues(i).join(", ");
      const own = new Map(hits.map(i => [i, word(i)]));
      hits.sort((a, b) => {
        const first = own.get(a), second = own.get(b);
        if (!first || !second) return first ? -1 : second ? 1 : a - b;
        return sign * (first < second ? -1 : first > second ? 1 : 0) || a - b;
      });
    }
  }

  function show() {
    const last = Math.max(0, Math.ceil(hits.length / PAGE) - 1);
    state.page = Math.min(state.page, last);
    const first = state.page * PAGE, shown = hits.slice(first, first + PAGE);
    const count = value => value.toLocaleString("en");
    at("found").textContent = `${count(hits.length)} of ${count(n)} stars`
      + (hits.length > PAGE ? `, ${count(first + 1)} to ${count(first + shown.length)}` : "");
    at("before").disabled = !state.page;
    at("after").disabled = state.page === last;
    for (const head of document.querySelectorAll("#table th")) {
      if (head.dataset.key === state.sort)
        head.setAttribute("aria-sort", state.desc ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    at("stars").replaceChildren(...shown.map(row));
  }

  function row(i) {
    const line = document.createElement("tr");
    const add = (value, kind) => {
      const cell = document.createElement("td");
      cell.textContent = value;
      if (kind) cell.className = kind;
      line.append(cell);
      return cell;
    };
    const name = add("", "name");
    if (i < STARS.pages) {
      const link = document.createElement("a");
      link.href = "stars/" + encodeURIComponent(STARS.files[i] || STARS.name[i] + ".html");
      link.textContent = STARS.name[i];
      name.append(link);
    } else name.textContent = STARS.name[i];
    const digits = key => STARS[key][i] === null ? "" : STARS[key][i].toFixed(DIGITS[key]).replace("-", "−");
    for (const key of ["ra", "dec"]) add(digits(key), "number");
    add(STARS.type[i]);
    for (const key of ["k", "ew", "v_tp", "distance"]) add(digits(key), "number");
    add(catalogues(i).join(", "));
    return line;
  }

  function all() { search(); show(); keep(); }

  for (const title of STARS.titles) {
    const choice = document.createElement("option");
    choice.value = choice.textContent = title;
    at("catalogue").append(choice);
  }
  at("form").addEventListener("submit", event => event.preventDefault());
  at("form").addEventListener("reset", () => {
    Object.assign(state, { q: "", cat: "", sort: "", desc: false, page: 0 });
    all();
  });
  at("search").addEventListener("input", () => { state.q = at("search").value; state.page = 0; all(); });
  at("catalogue").addEventListener("change", () => {
    state.cat = at("catalogue").value; state.page = 0; all();
  });
  at("before").addEventListener("click", () => { state.page--; show(); keep(); });
  at("after").addEventListener("click", () => { state.page++; show(); keep(); });
  for (const head of document.querySelectorAll("#table th")) {
    head.querySelector("button").addEventListener("click", () => {
      state.desc = state.sort === head.dataset.key && !state.desc;
      state.sort = head.dataset.key;
      state.page = 0;
      all();
    });
  }
  window.addEventListener("hashchange", () => {
    if (location.hash === kept) return;  // our own doing
    restore(); search(); show();
  });
  restore();
  search();
  show();
})();
