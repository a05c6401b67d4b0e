/** The style of the results page, over the paper's (core/html.ts): one column on a phone. */
export const pageStyle = `
section{display:grid;grid-template-columns:230px 1fr;gap:36px;padding:32px 0;border-top:1px solid var(--line)}
main section:first-child{border-top:0}
.query{position:sticky;top:20px;align-self:start;display:grid;gap:14px}
.query .frame{border:2px solid var(--accent)}
figure{margin:0}
figcaption{margin-top:6px}
.text{font:italic 20px/1.35 var(--serif);margin-top:2px}
.text::before{content:"\\201c"}.text::after{content:"\\201d"}
.hits{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(152px,1fr));gap:18px}
.hits li{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:9px 9px 11px;display:grid;gap:6px;align-content:start}
.hits li.wanted{border-color:var(--accent);box-shadow:0 0 0 1px var(--accent)}
.frame{aspect-ratio:1;background:var(--tile);border-radius:8px;overflow:hidden;display:grid;place-items:center}
.frame img{width:100%;height:100%;object-fit:contain;display:block}
.query .frame{border-radius:12px;background:var(--tile)}
.absent{color:var(--soft);font-size:12px}
.facts{display:flex;justify-content:space-between;align-items:baseline;font-variant-numeric:tabular-nums}
.rank{font:600 19px/1 var(--serif)}
details.score summary{cursor:pointer;font-size:12px;color:var(--soft);font-variant-numeric:tabular-nums}
details.score[open] summary{margin-bottom:6px}
.name{font-size:13px;line-height:1.35;color:var(--ink);display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;min-height:2.7em;overflow-wrap:anywhere}
figcaption.name{min-height:0}
.badge{background:var(--accent);color:var(--on-accent);border-radius:99px;padding:0 7px;font-size:11px;line-height:19px}
.part{display:flex;justify-content:space-between;font-size:11.5px;line-height:1;color:var(--soft);font-variant-numeric:tabular-nums;margin-top:3px}
.bar{height:6px;border-radius:3px;background:var(--line);overflow:hidden}
.bar i{display:block;height:100%;border-radius:3px}
.matching{background:var(--ink)}
.factors{width:100%;height:36px;display:block;overflow:visible}
.factors line{stroke:var(--soft);stroke-width:.5;vector-effect:non-scaling-stroke}
.swatch{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 2px;vertical-align:-1px}
.heat summary{cursor:pointer;font-size:12px;color:var(--soft)}
.heat figure{margin:8px 0 0;display:grid;grid-template-columns:1fr 1fr;gap:4px}
.heat figcaption{grid-column:1/-1;font-size:11.5px;color:var(--soft);display:flex;justify-content:space-between}
.map{position:relative;align-self:start;border-radius:5px;overflow:hidden}
.map img{display:block;width:100%}
.map svg{position:absolute;inset:0;width:100%;height:100%}
.map rect{fill:var(--accent)}
footer p+p{margin-top:8px}
footer{border-top:1px solid var(--line);padding-top:18px;padding-bottom:48px;margin-top:8px}
@media (max-width:760px){section{grid-template-columns:1fr;gap:20px}.query{position:static;grid-template-columns:120px 1fr;align-items:center}
.hits{grid-template-columns:repeat(auto-fill,minmax(132px,1fr));gap:12px}}
`;
