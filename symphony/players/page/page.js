"use strict";
for (const box of document.querySelectorAll(".table")) {
  const table = box.querySelector("table"), body = table.tBodies[0], rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells], search = box.querySelector("input");
  const shown = Number(box.dataset.shown), more = document.createElement("button");
  let all = rows.length <= shown + 3, wanted = "";
  const words = new Map(rows.map(r => [r, r.textContent.toLowerCase()]));
  const draw = () => {
    let seen = 0, found = 0;
    for (const row of body.rows) {
      const fits = wanted.split(/\s+/).every(w => words.get(row).includes(w));
      found += fits;
      row.hidden = !fits || (!all && ++seen > shown);
    }
    more.hidden = all || found <= shown;
    more.textContent = "Show all " + found.toLocaleString("en");
  };
  more.type = "button";
  more.className = "more";
  more.onclick = () => { all = true; draw(); };
  box.append(more);
  if (search) search.oninput = () => { wanted = search.value.trim().toLowerCase(); draw(); };
  const key = (row, i) => row.cells[i].dataset.v ?? row.cells[i].textContent;
  heads.forEach((head, i) => {
    head.firstElementChild.onclick = () => {
      const numeric = head.classList.contains("n");
      const down = head.ariaSort ? head.ariaSort === "ascending" : numeric;
      heads.forEach(h => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = new Map(rows.map(r => [r, numeric ? parseFloat(key(r, i).replace(/,/g, "")) : key(r, i).toLowerCase()]));
      const order = (a, b) => {
        const x = value.get(a), y = value.get(b);
        if (numeric) return (Number.isNaN(x) - Number.isNaN(y)) || (down ? y - x : x - y);
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
      };
      body.append(...[...rows].sort(order));
      draw();
    };
  });
  draw();
}
const theme = document.querySelector("[data-switch]");
if (theme) {
  const root = document.documentElement;
  theme.hidden = false;
  theme.onclick = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
}
