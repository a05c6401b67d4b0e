/** What limn's HTML pages share: escaping, and the look of the paper they are on. */

export function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

/** Colours, light and dark after the reader's setting, the page's column and its heading. */
export const paperStyle = `
:root{--paper:#faf9f7;--card:#fff;--ink:#1d1b19;--soft:#67625c;--line:#e4e0da;--accent:#b4472e;--on-accent:#fff;--tile:#f0eeea;--serif:"Iowan Old Style","Palatino Nova",Palatino,"Book Antiqua",Georgia,"Times New Roman",serif}
@media (prefers-color-scheme:dark){:root{--paper:#151413;--card:#1f1d1b;--ink:#f2eee8;--soft:#aaa39a;--line:#35322e;--accent:#f0896b;--on-accent:#1d1410;--tile:#2a2825}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main,footer{max-width:1240px;margin:0 auto;padding:0 28px}
header{padding-top:44px;padding-bottom:12px}
p,h1,ol{margin:0;padding:0}
.mark{color:var(--accent);font:italic 700 22px/1.2 var(--serif)}
h1{font:600 30px/1.25 var(--serif);text-wrap:balance;margin:6px 0}
.about,.label,.name,footer{color:var(--soft);font-size:13px}
@media (max-width:760px){header,main,footer{padding-left:16px;padding-right:16px}}
`;

export interface PageParts {
  title: string;
  style: string;
  /** HTML. */
  header: string;
  main: string;
  footer: string;
}

/** A whole page that needs no other file. */
export function htmlPage({ title, style, header, main, footer }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)} · limn</title>
<style>${paperStyle}${style}</style>
</head>
<body>
<header>
<p class="mark">limn</p>
<h1>${escaped(title)}</h1>
${header}
</header>
<main>
${main}
</main>
<footer>
${footer}
</footer>
</body>
</html>
`;
}
