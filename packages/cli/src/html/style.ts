/** The report's look: light and dark, colours that colour-blind people tell apart (Okabe and Ito), one column on a phone. */

export const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --card: #ffffff; --ink: #1c1d1f; --soft: #5d6167; --line: #dedbd3;
  --plain: #d55e00; --editable: #0072b2; --third: #009e73; --track: #eceae4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #141517; --card: #1d1f22; --ink: #ecebe7; --soft: #a3a7ad; --line: #34373c;
    --plain: #e69f00; --editable: #56b4e9; --third: #2cc79b; --track: #2b2e32;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 66rem; padding: 2rem 1.1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1 { font-size: clamp(1.7rem, 5vw, 2.5rem); line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 .6rem; text-wrap: balance; }
h2 { font-size: 1.25rem; margin: 3rem 0 .4rem; letter-spacing: -0.01em; }
p { margin: .3rem 0 1rem; max-width: 44rem; }
.soft, figcaption, .note { color: var(--soft); }
.note { font-size: .88rem; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem; margin: 1.6rem 0; }
.number, figure, .repair > div { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; }
.number { padding: .9rem 1.1rem; }
.number b { display: block; font-size: 1.55rem; white-space: nowrap; line-height: 1.2; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.number.plain b, .plain-text { color: var(--plain); }
.number.editable b, .editable-text { color: var(--editable); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .7rem; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .55rem .6rem; font-size: .93rem; text-align: left; white-space: nowrap; }
th { font-size: .82rem; font-weight: 600; color: var(--soft); }
tr + tr td, tbody tr td { border-top: 1px solid var(--line); }
.right { text-align: right; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: .9rem; }
figure { margin: 0; padding: .9rem 1rem .7rem; }
figcaption { font-size: .88rem; margin-top: .3rem; }
.chart { overflow-x: auto; }
.chart svg { display: block; width: 100%; height: auto; min-width: 22rem; max-width: 60rem; }
.on-dark { display: none; }
@media (prefers-color-scheme: dark) { .on-light { display: none; } .on-dark { display: block; } }
.repair { display: grid; grid-template-columns: minmax(10rem, 15rem) 1fr; gap: .9rem; }
.repair > div { padding: 1rem; }
.repair svg { max-width: 30rem; }
.repair img { width: 100%; image-rendering: pixelated; border-radius: .4rem; display: block; background: #000; }
@media (max-width: 40rem) { .repair { grid-template-columns: 1fr; } .repair img { max-width: 14rem; } }
.flips { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: .7rem; margin: 0; padding: 0; list-style: none; }
.flips li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .55rem; font-size: .82rem; line-height: 1.35; }
.flips img { width: 100%; image-rendering: pixelated; border-radius: .3rem; display: block; margin-bottom: .4rem; background: #000; }
.flips b { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.4rem; margin: 0; font-size: .93rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
`;
