/** The style of an experiment's page, over the paper's (core/html.ts). */
export const experimentStyle = `
h2{font:600 21px/1.3 Georgia,"Iowan Old Style","Times New Roman",serif;margin:0}
section{padding:30px 0;border-top:1px solid var(--line);display:grid;gap:18px}
section>*{min-width:0}
main section:first-child{border-top:0}
.facts{margin:10px 0 0;padding:0;list-style:none;color:var(--soft);font-size:13px;display:grid;gap:2px}
.warning{border:1px solid var(--accent);border-left-width:5px;border-radius:8px;padding:10px 14px;margin-top:14px;font-weight:600}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:12px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:9px 14px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
th{font-size:12px;font-weight:600;color:var(--soft)}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--card)}
tr:last-child td{border-bottom:0}
tr.base td:first-child{color:var(--accent);font-weight:600}
td small{display:block;color:var(--soft);font-size:11.5px}
td.better{color:#2e7d4f}td.worse{color:var(--accent)}
td svg{display:block;width:132px;height:12px;margin:3px 0 0 auto}
.range{stroke:var(--soft);stroke-width:3;stroke-linecap:round}
.point{fill:var(--ink)}.base .point{fill:var(--accent)}
.zero{stroke:var(--accent);stroke-width:1;stroke-dasharray:2 2}
.chart{display:grid;grid-template-columns:minmax(0,1fr) 220px;gap:24px;align-items:start}
.chart svg{width:100%;height:auto;display:block;overflow:visible}
.grid{stroke:var(--line)}
.chart text{fill:var(--soft);font-size:12px}
.band{stroke:none;opacity:.14}
.curve path{fill:none;stroke-width:2}
.curve.base path{stroke-width:3.5}
.chart svg:hover .curve{opacity:.25}.chart svg .curve:hover{opacity:1}
.key{list-style:none;display:grid;gap:5px;font-size:13px}
.key svg{width:26px;height:8px;display:inline-block;vertical-align:2px;margin-right:7px}
.query{display:grid;grid-template-columns:150px minmax(0,1fr);gap:24px;align-items:start}
.text{font:italic 18px/1.35 Georgia,"Iowan Old Style","Times New Roman",serif;margin:2px 0 12px}
.hits{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:12px}
.frame{aspect-ratio:1;background:var(--tile);border-radius:8px;overflow:hidden;display:grid;place-items:center;border:1px solid var(--line)}
.frame img{width:100%;height:100%;object-fit:contain;display:block}
.frame span{color:#4e4943;font-size:11.5px;line-height:1.3;padding:8px;overflow:hidden}
.wanted .frame{border:3px solid var(--accent)}
.name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
pre{margin:6px 0 0;white-space:pre-wrap;overflow-wrap:anywhere}
footer{border-top:1px solid var(--line);padding-top:18px;padding-bottom:48px;margin-top:8px;display:grid;gap:4px}
@media (max-width:760px){.chart,.query{grid-template-columns:1fr}.query>:first-child{max-width:150px}}
`;
