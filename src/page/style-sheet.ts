import { darkTheme, lightTheme, themeProperties } from './palette.ts';

const seriesRules = lightTheme.series.map((_, index) => `.s${index}{--tone:var(--series${index})}`).join('\n');

/** How the text of a plot looks, on a page and alone. */
const textRules = `svg.plot text{font-size:12px;fill:var(--quietText);font-variant-numeric:tabular-nums}
svg.plot text.strong{fill:var(--text)}
svg.plot .end{text-anchor:end}
svg.plot .middle{text-anchor:middle}`;

/** How what a plot draws looks, on a page and alone. */
const markRules = `.grid{stroke:var(--rule);stroke-width:1}
.base{stroke:var(--quietText);stroke-width:1}
.mark{stroke:var(--text);stroke-width:1;stroke-dasharray:3 3}
.line{fill:none;stroke:var(--tone);stroke-width:2;stroke-linejoin:round;stroke-linecap:butt}
.band{fill:var(--tone);fill-opacity:.16}
.bar{fill:var(--tone)}
.point{fill:var(--tone);fill-opacity:.8;stroke:var(--background);stroke-width:.75}
.quiet{--tone:var(--quietText)}
${seriesRules}`;

/** The style sheet of a plot that stands alone, as a picture. */
export const pictureStyleSheet = [
  `:root{${themeProperties(lightTheme)}}`,
  `@media (prefers-color-scheme:dark){:root{${themeProperties(darkTheme)}}}`,
  'svg.plot{background:var(--background)}',
  'svg.plot text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif}',
  'svg.plot text.title{font-size:14px;font-weight:650;fill:var(--text)}',
  textRules,
  markRules,
]
  .join('')
  .replace(/\n/g, '');

// Lines on paper differ by their dashes as well, since a print may be grey.
const printRules = ['7 3', '2 3', '9 3 2 3', '1 4', '12 4']
  .map((dashes, index) => `.line.s${index + 1}{stroke-dasharray:${dashes}}`)
  .join('\n');

/** The one style sheet of every page. */
export const styleSheet = `
:root{color-scheme:light dark;${themeProperties(lightTheme)}
--mono:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
@media screen and (prefers-color-scheme:dark){:root{${themeProperties(darkTheme)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--background);color:var(--text);
font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif;
overflow-wrap:anywhere}
.frame{max-width:1120px;margin:0 auto;padding:0 20px 96px}
header{padding:56px 0 8px}
h1{margin:0;font-size:32px;line-height:1.2;font-weight:650;letter-spacing:-.015em;text-wrap:balance}
h2{margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:650;letter-spacing:-.01em;scroll-margin-top:24px}
h3{margin:40px 0 8px;font-size:16px;line-height:1.4;font-weight:650}
p{margin:0 0 16px;max-width:68ch}
.lead{margin:12px 0 0;max-width:none;text-wrap:pretty;font-size:18px;color:var(--quietText)}
section{padding:40px 0 0;border-top:1px solid var(--rule);margin-top:40px}
section>:last-child{margin-bottom:0}
section:first-of-type{border-top:0;margin-top:0}
a{color:var(--accent);text-underline-offset:3px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
nav{margin:24px 0 0;font-size:14px}
nav ul{display:flex;flex-wrap:wrap;gap:4px 20px;margin:0;padding:0;list-style:none}
nav a{display:inline-block;padding:2px 0;color:var(--quietText);text-decoration:none}
nav a:hover{color:var(--accent);text-decoration:underline}
@media (min-width:1080px){.columns{display:grid;grid-template-columns:168px minmax(0,1fr);gap:64px}
nav{position:sticky;top:32px;align-self:start;margin-top:44px}nav ul{display:block}nav li{margin:0 0 6px}}
main{min-width:0}
code,pre,.code{font-family:var(--mono);font-size:.875em;font-variant-ligatures:none}
code,.code,h1{unicode-bidi:isolate}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(150px,100%),1fr));gap:28px 24px;margin:8px 0 32px;padding:0}
.figures div{display:flex;flex-direction:column;min-width:0}
.figures dt{order:2;font-size:14px;line-height:1.4;color:var(--quietText)}
.figures dd{margin:0}
.figures dd.value{order:1;font-size:28px;line-height:1.25;font-weight:600;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.figures dd.note{order:3;font-size:13px;line-height:1.4;color:var(--quietText)}
.scroll{overflow-x:auto;margin:8px 0 28px;max-width:100%;
background:linear-gradient(to right,var(--background) 40%,transparent) left/32px 100% no-repeat local,
linear-gradient(to left,var(--background) 40%,transparent) right/32px 100% no-repeat local,
linear-gradient(to right,var(--rule),transparent) left/12px 100% no-repeat scroll,
linear-gradient(to left,var(--rule),transparent) right/12px 100% no-repeat scroll}
.scroll:focus-visible{outline-offset:4px}
table{border-collapse:collapse;width:100%;font-size:14px;line-height:20px;overflow-wrap:break-word;font-variant-numeric:tabular-nums}
caption{padding:0 0 8px;text-align:left;color:var(--quietText);caption-side:top}
th,td{padding:7px 20px 7px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:2px}
thead th{font-weight:600;color:var(--quietText);white-space:nowrap;vertical-align:bottom}
tbody th{font-weight:400}
tbody tr:last-child>*{border-bottom:0}
.number{text-align:right;white-space:nowrap;overflow-wrap:normal}
.name{min-width:min(11em,30vw)}
.wide{min-width:20em;overflow-wrap:anywhere}
figure{margin:24px 0 36px}
figure+details{margin-top:-20px}
figcaption{margin:0 0 10px}
figcaption strong{display:block;font-weight:650}
figcaption span{font-size:14px;color:var(--quietText)}
svg.plot{display:block;width:100%;height:auto;overflow:visible}
${textRules}
svg.narrow{display:none}
${markRules}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 8px;padding:0;list-style:none;font-size:13px;color:var(--quietText)}
.legend svg{width:26px;height:10px;margin-right:7px;vertical-align:0}
.samples{margin:8px 0 28px}
.sample{margin:0 0 20px}
.sample .about{margin:0 0 4px;max-width:none;font-size:13px;line-height:1.5;color:var(--quietText)}
.sample .about b{font-weight:600;color:var(--text);font-variant-numeric:tabular-nums}
pre{margin:0;padding:12px 14px;border-radius:6px;background:var(--surface);font-size:13px;line-height:1.55;
white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;tab-size:4;max-height:30em;overflow-y:auto}
details{margin:0 0 12px}
summary{cursor:pointer;width:fit-content;font-size:14px;color:var(--quietText)}
summary:hover{color:var(--accent)}
details[open]>summary{margin-bottom:12px}
footer{margin-top:64px;padding-top:16px;border-top:1px solid var(--rule);font-size:13px;color:var(--quietText)}
@media (max-width:640px){header{padding-top:32px}h1{font-size:26px}.lead{font-size:16px}
svg.wide-plot{display:none}svg.narrow{display:block;max-width:480px}.figures{grid-template-columns:repeat(2,minmax(0,1fr));gap:22px 16px}.figures dd.value{font-size:24px}
section{margin-top:28px;padding-top:28px}}
@media (min-width:640.02px){.legend.spare{display:none}}
@media print{${printRules}
body{font-size:11pt}nav{display:none}.frame{max-width:none;padding:0}.columns{display:block}
section{break-before:auto}h2,h3,figcaption{break-after:avoid}figure,.sample,tr{break-inside:avoid}
.scroll{overflow:visible}pre{max-height:none;border:1px solid var(--rule)}
svg.wide-plot{display:block}svg.narrow{display:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`
  .trim()
  .replace(/\n/g, '');
